(** * Finite sums

    [sum n f] is f(0) + ... + f(n-1). Everything here is about sums of real numbers alone: linearity, monotonicity,
    exchange of the order of summation, the inequality of Cauchy and Schwarz. *)

From Coq Require Import Reals Lra Lia Arith.
Open Scope R_scope.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S n => sum n f + f n
  end.

(** The mean over n indices. *)
Definition mean (n : nat) (f : nat -> R) : R := sum n f / INR n.

Lemma positive_size n : (0 < n)%nat -> 0 < INR n.
Proof. exact (lt_0_INR n). Qed.

(** ** Equality *)

Lemma sum_equal n f g : (forall i, (i < n)%nat -> f i = g i) -> sum n f = sum n g.
Proof.
  induction n as [|n step]; intro equal; [reflexivity|].
  simpl. rewrite step, (equal n); auto.
Qed.

Lemma sum_plus n f g : sum n (fun i => f i + g i) = sum n f + sum n g.
Proof. induction n as [|n step]; simpl; [|rewrite step]; ring. Qed.

Lemma sum_minus n f g : sum n (fun i => f i - g i) = sum n f - sum n g.
Proof. induction n as [|n step]; simpl; [|rewrite step]; ring. Qed.

Lemma sum_opposite n f : sum n (fun i => - f i) = - sum n f.
Proof. induction n as [|n step]; simpl; [|rewrite step]; ring. Qed.

Lemma sum_times n c f : sum n (fun i => c * f i) = c * sum n f.
Proof. induction n as [|n step]; simpl; [|rewrite step]; ring. Qed.

Lemma sum_times_right n c f : sum n (fun i => f i * c) = sum n f * c.
Proof. induction n as [|n step]; simpl; [|rewrite step]; ring. Qed.

Lemma sum_over n c f : sum n (fun i => f i / c) = sum n f / c.
Proof. unfold Rdiv. apply sum_times_right. Qed.

Lemma sum_constant n c : sum n (fun _ => c) = INR n * c.
Proof. induction n as [|n step]; [simpl; ring|]. rewrite S_INR. simpl. rewrite step. ring. Qed.

Lemma sum_zero n f : (forall i, (i < n)%nat -> f i = 0) -> sum n f = 0.
Proof. intro zero. rewrite (sum_equal n f (fun _ => 0) zero), sum_constant. ring. Qed.

(** The order of two summations does not matter. *)
Lemma sum_exchange n m f : sum n (fun i => sum m (fun j => f i j)) = sum m (fun j => sum n (fun i => f i j)).
Proof.
  induction n as [|n step]; simpl.
  - symmetry. apply sum_zero. reflexivity.
  - rewrite step, <- sum_plus. reflexivity.
Qed.

(** Of a sum of f(j) over the j that equal i, one term is left. *)
Lemma sum_of_one n i f : (i < n)%nat -> sum n (fun j => if Nat.eqb i j then f j else 0) = f i.
Proof.
  induction n as [|n step]; intro inside; [lia|]. simpl.
  destruct (Nat.eqb_spec i n) as [equal | different].
  - subst. rewrite sum_zero; [ring|]. intros j j_inside. destruct (Nat.eqb_spec n j); [lia | reflexivity].
  - rewrite step; [ring | lia].
Qed.

(** Renaming the indices by a permutation, given with its inverse, leaves a sum alone. *)
Lemma sum_renamed n (rename back : nat -> nat) f :
  (forall i, (i < n)%nat -> (rename i < n)%nat /\ back (rename i) = i) ->
  (forall i, (i < n)%nat -> (back i < n)%nat /\ rename (back i) = i) ->
  sum n (fun i => f (rename i)) = sum n f.
Proof.
  intros forth_and_back back_and_forth.
  rewrite (sum_equal n _ (fun i => sum n (fun j => if Nat.eqb (rename i) j then f j else 0))).
  2: { intros i inside. now rewrite sum_of_one by (apply forth_and_back; exact inside). }
  rewrite sum_exchange. apply sum_equal. intros j inside.
  transitivity (sum n (fun i => if Nat.eqb (back j) i then f j else 0)).
  2: { apply (sum_of_one n (back j) (fun _ => f j)). apply back_and_forth, inside. }
  apply sum_equal. intros i i_inside.
  destruct (forth_and_back i i_inside) as [_ returns]. destruct (back_and_forth j inside) as [_ arrives].
  destruct (Nat.eqb_spec (rename i) j), (Nat.eqb_spec (back j) i); congruence.
Qed.

(** ** Order *)

Lemma sum_at_most n f g : (forall i, (i < n)%nat -> f i <= g i) -> sum n f <= sum n g.
Proof.
  induction n as [|n step]; intro below; simpl; [lra|].
  apply Rplus_le_compat; auto.
Qed.

Lemma sum_nonnegative n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum n f.
Proof.
  intro nonnegative. replace 0 with (sum n (fun _ => 0)) by (rewrite sum_constant; ring).
  now apply sum_at_most.
Qed.

Lemma sum_positive n f : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < f i) -> 0 < sum n f.
Proof.
  destruct n as [|n]; intros some positive; [lia|]. simpl.
  assert (0 <= sum n f) by (apply sum_nonnegative; intros; apply Rlt_le, positive; lia).
  assert (0 < f n) by (apply positive; lia). lra.
Qed.

Lemma term_at_most_sum n f i : (forall j, (j < n)%nat -> 0 <= f j) -> (i < n)%nat -> f i <= sum n f.
Proof.
  intros nonnegative inside. rewrite <- (sum_of_one n i f inside). apply sum_at_most.
  intros j j_inside. specialize (nonnegative j j_inside). destruct (Nat.eqb i j); lra.
Qed.

(** Two different terms together are at most the sum. *)
Lemma two_terms_at_most_sum n f i j :
  (forall l, (l < n)%nat -> 0 <= f l) -> (i < n)%nat -> (j < n)%nat -> i <> j -> f i + f j <= sum n f.
Proof.
  intros nonnegative i_inside j_inside different.
  rewrite <- (sum_of_one n i f i_inside), <- (sum_of_one n j f j_inside), <- sum_plus. apply sum_at_most.
  intros l l_inside. specialize (nonnegative l l_inside).
  destruct (Nat.eqb_spec i l), (Nat.eqb_spec j l); try lra; congruence.
Qed.

(** Non-negative terms that add up to zero are zero. *)
Lemma terms_of_zero_sum n f :
  (forall i, (i < n)%nat -> 0 <= f i) -> sum n f = 0 -> forall i, (i < n)%nat -> f i = 0.
Proof.
  intros nonnegative zero i inside.
  pose proof (term_at_most_sum n f i nonnegative inside). specialize (nonnegative i inside). lra.
Qed.

(** ** Means *)

Lemma mean_equal n f g : (forall i, (i < n)%nat -> f i = g i) -> mean n f = mean n g.
Proof. intro equal. unfold mean. now rewrite (sum_equal n f g equal). Qed.

Lemma mean_times n c f : mean n (fun i => c * f i) = c * mean n f.
Proof. unfold mean, Rdiv. rewrite sum_times. ring. Qed.

Lemma mean_plus n f g : mean n (fun i => f i + g i) = mean n f + mean n g.
Proof. unfold mean, Rdiv. rewrite sum_plus. ring. Qed.

Lemma mean_constant n c : (0 < n)%nat -> mean n (fun _ => c) = c.
Proof.
  intro some. unfold mean. rewrite sum_constant. field. apply Rgt_not_eq, positive_size, some.
Qed.

(** A bound on every input may be averaged. *)
Lemma mean_at_most n f g : (0 < n)%nat -> (forall i, (i < n)%nat -> f i <= g i) -> mean n f <= mean n g.
Proof.
  intros some below. unfold mean, Rdiv. apply Rmult_le_compat_r.
  - left. apply Rinv_0_lt_compat, positive_size, some.
  - now apply sum_at_most.
Qed.

Lemma mean_nonnegative n f : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= mean n f.
Proof.
  intros some nonnegative. rewrite <- (mean_constant n 0 some). now apply mean_at_most.
Qed.

Lemma mean_of_one f : mean 1 f = f 0%nat.
Proof. unfold mean. simpl. field. Qed.

(** ** The inequality of Cauchy and Schwarz *)

(** A quadratic polynomial that is nowhere negative has no positive discriminant. *)
Lemma discriminant (a b c : R) : 0 <= c -> (forall t, 0 <= a + 2 * t * b + t * t * c) -> b * b <= a * c.
Proof.
  intros [positive | zero] nonnegative.
  - pose proof (nonnegative (- b / c)) as least.
    replace (a + 2 * (- b / c) * b + - b / c * (- b / c) * c) with ((a * c - b * b) / c) in least by (field; lra).
    apply (Rmult_le_compat_r c) in least; [|lra]. unfold Rdiv in least.
    rewrite Rmult_assoc, Rinv_l in least by lra. lra.
  - subst. destruct (Req_dec b 0) as [-> | not_zero]; [lra|].
    pose proof (nonnegative (- (a + 1) / (2 * b))) as somewhere.
    replace (2 * (- (a + 1) / (2 * b)) * b) with (- (a + 1)) in somewhere by (field; lra). lra.
Qed.

Lemma cauchy_schwarz n f g :
  sum n (fun i => f i * g i) * sum n (fun i => f i * g i)
  <= sum n (fun i => f i * f i) * sum n (fun i => g i * g i).
Proof.
  apply discriminant; [apply sum_nonnegative; intros i _; apply Rle_0_sqr|]. intro t.
  rewrite <- (sum_times n (2 * t)), <- (sum_times n (t * t)), <- !sum_plus.
  apply sum_nonnegative. intros i _.
  replace (_ + _ + _) with (Rsqr (f i + t * g i)) by (unfold Rsqr; ring). apply Rle_0_sqr.
Qed.
