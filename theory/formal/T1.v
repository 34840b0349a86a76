(** * T1: the logit distance is a metric on conditional distributions of full support *)

From Coq Require Import Reals Lra Lia Arith.
From Formal Require Import Sums Softmax Kl Statements.
Open Scope R_scope.

(** ** What is proved

    It is symmetric, obeys the triangle inequality, and is zero only where the distributions are equal; gauge maps,
    shifts of all unembeddings and relabellings of both models leave it alone; and its square has two other forms. *)

Example triangle_says : T1_triangle = (
  forall (n k : nat) (a b : model) (c : model),
  (0 < n)%nat -> (0 < k)%nat ->
  logit_distance n k a b
  <= logit_distance n k a c + logit_distance n k c b).
Proof. reflexivity. Qed.

Example symmetry_says : T1_symmetry = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b
  = squared_logit_distance n k b a).
Proof. reflexivity. Qed.

Example gauge_says : T1_gauge = (
  forall (n k : nat) (a b : model) (A B : nat -> nat -> R),
  (0 < n)%nat -> (0 < k)%nat -> inverse_transposes (dimension a) A B ->
  squared_logit_distance n k a b
  = squared_logit_distance n k (gauged A B a) b).
Proof. reflexivity. Qed.

Example shift_says : T1_shift = (
  forall (n k : nat) (a b : model) (c : nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b
  = squared_logit_distance n k (shifted c a) b).
Proof. reflexivity. Qed.

Example relabelling_says : T1_relabelling = (
  forall (n k : nat) (a b : model) (rename back : nat -> nat),
  (0 < n)%nat -> (0 < k)%nat -> permutation k rename back ->
  squared_logit_distance n k a b
  = squared_logit_distance n k (relabelled rename a) (relabelled rename b)).
Proof. reflexivity. Qed.

Example pair_form_says : T1_pair_form = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b
  = pair_form n k a b).
Proof. reflexivity. Qed.

Example projection_form_says : T1_projection_form = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b
  = projection_form n k a b).
Proof. reflexivity. Qed.

(** ** The triangle inequality

    The squared distance is the squared norm of a vector of n k entries, and its inner product obeys the inequality of
    Cauchy and Schwarz. *)

Definition inner (n k : nat) (v w : nat -> nat -> R) : R := mean n (fun x => dot k (v x) (w x)).

Lemma squared_distance_is_inner n k a b :
  squared_logit_distance n k a b = inner n k (difference k a b) (difference k a b).
Proof. apply mean_equal. intros. apply squared_norm_is_dot. Qed.

Lemma inner_square n k v w t : (0 < n)%nat ->
  inner n k (fun x y => v x y + t * w x y) (fun x y => v x y + t * w x y)
  = inner n k v v + 2 * t * inner n k v w + t * t * inner n k w w.
Proof.
  intro inputs. unfold inner. rewrite <- !mean_times, <- !mean_plus. apply mean_equal. intros x _.
  unfold dot. rewrite <- !sum_times, <- !sum_plus. apply sum_equal. intros. ring.
Qed.

Lemma inner_nonnegative n k v : (0 < n)%nat -> 0 <= inner n k v v.
Proof.
  intro inputs. apply mean_nonnegative; [exact inputs|]. intros. rewrite <- squared_norm_is_dot.
  apply squared_norm_nonnegative.
Qed.

Lemma minkowski n k v w : (0 < n)%nat ->
  sqrt (inner n k (fun x y => v x y + w x y) (fun x y => v x y + w x y)) <= sqrt (inner n k v v) + sqrt (inner n k w w).
Proof.
  intro inputs.
  assert (total : inner n k (fun x y => v x y + w x y) (fun x y => v x y + w x y)
                  = inner n k v v + 2 * inner n k v w + inner n k w w).
  { transitivity (inner n k (fun x y => v x y + 1 * w x y) (fun x y => v x y + 1 * w x y)).
    - apply mean_equal. intros. apply dot_equal; intros; ring.
    - rewrite inner_square by exact inputs. ring. }
  pose proof (inner_nonnegative n k v inputs) as v_size. pose proof (inner_nonnegative n k w inputs) as w_size.
  assert (product : inner n k v w * inner n k v w <= inner n k v v * inner n k w w).
  { apply discriminant; [exact w_size|]. intro t. rewrite <- inner_square by exact inputs.
    now apply inner_nonnegative. }
  assert (inner n k v w <= sqrt (inner n k v v) * sqrt (inner n k w w)).
  { rewrite <- sqrt_mult by assumption. apply Rsqr_incr_0_var; [|apply sqrt_pos].
    rewrite Rsqr_sqrt by (apply Rmult_le_pos; assumption). exact product. }
  rewrite total. apply Rsqr_incr_0_var; [|pose proof (sqrt_pos (inner n k v v));
    pose proof (sqrt_pos (inner n k w w)); lra].
  rewrite Rsqr_sqrt.
  - rewrite Rsqr_plus, !Rsqr_sqrt by assumption. lra.
  - rewrite <- total. now apply inner_nonnegative.
Qed.

Theorem triangle : T1_triangle.
Proof.
  intros n k a b c inputs _. unfold logit_distance. rewrite !squared_distance_is_inner.
  apply Rle_trans with (2 := minkowski n k (difference k a c) (difference k c b) inputs).
  right. f_equal. apply mean_equal. intros x _. apply dot_equal; intros; unfold difference; ring.
Qed.

Theorem symmetry : T1_symmetry.
Proof.
  intros n k a b _ _. apply mean_equal. intros x _. rewrite <- (squared_norm_opposite k (difference k b a x)).
  apply squared_norm_equal. intros. unfold difference. ring.
Qed.

(** ** What it separates: zero distance means equal distributions *)

Lemma distance_zero n k a b : (0 < n)%nat ->
  logit_distance n k a b = 0 -> forall x y, (x < n)%nat -> (y < k)%nat -> difference k a b x y = 0.
Proof.
  intros inputs zero x y x_inside y_inside.
  assert (square : squared_logit_distance n k a b = 0).
  { apply sqrt_eq_0; [|exact zero]. apply mean_nonnegative; auto using squared_norm_nonnegative. }
  unfold squared_logit_distance, mean in square. pose proof (positive_size n inputs).
  apply (squared_norm_of_zero k (difference k a b x)); [|exact y_inside].
  apply (terms_of_zero_sum n (fun x => squared_norm k (difference k a b x))); auto using squared_norm_nonnegative.
  apply (Rmult_eq_reg_r (/ INR n)); [|apply Rinv_neq_0_compat; lra]. unfold Rdiv in square. lra.
Qed.

Theorem separates_distributions n k a b : (0 < n)%nat -> (0 < k)%nat ->
  logit_distance n k a b = 0 <->
  forall x y, (x < n)%nat -> (y < k)%nat -> probability k a x y = probability k b x y.
Proof.
  intros inputs labels. split.
  - intros zero x y x_inside y_inside. unfold probability.
    rewrite <- (softmax_shift k (logit a x) (- mean k (logit a x))),
      <- (softmax_shift k (logit b x) (- mean k (logit b x)))
      by exact labels.
    apply softmax_equal; [|exact y_inside]. intros z z_inside.
    pose proof (distance_zero n k a b inputs zero x z x_inside z_inside) as same.
    unfold difference in same. rewrite !centred_logit_is_centred in same. unfold centred in same. lra.
  - intro same. unfold logit_distance. rewrite <- sqrt_0. f_equal.
    unfold squared_logit_distance, mean. rewrite sum_zero; [unfold Rdiv; ring|].
    intros x x_inside. unfold squared_norm. apply sum_zero. intros y y_inside.
    rewrite difference_of_log_probabilities by exact labels.
    rewrite (centred_equal k _ (fun _ => 0)); [|intros z z_inside; rewrite same by assumption; ring | exact y_inside].
    unfold centred. rewrite mean_constant by exact labels. ring.
Qed.

(** ** What leaves it alone *)

Lemma logit_of_gauged A B a x y : inverse_transposes (dimension a) A B -> logit (gauged A B a) x y = logit a x y.
Proof.
  intro inverse. unfold logit, gauged, dot. simpl. set (m := dimension a) in *.
  transitivity (sum m (fun i => sum m (fun j => embedding a x i * unembedding a y j * sum m (fun l => A l i * B l j)))).
  - rewrite (sum_equal m _ (fun l => sum m (fun i =>
      sum m (fun j => A l i * embedding a x i * (B l j * unembedding a y j))))).
    + rewrite sum_exchange. apply sum_equal. intros i _. rewrite sum_exchange. apply sum_equal. intros j _.
      rewrite <- sum_times. apply sum_equal. intros. ring.
    + intros l _. rewrite <- sum_times_right. apply sum_equal. intros i _. now rewrite <- sum_times.
  - apply sum_equal. intros i i_inside.
    rewrite <- (sum_of_one m i (fun j => embedding a x i * unembedding a y j) i_inside).
    apply sum_equal. intros j j_inside. rewrite inverse by assumption. destruct (Nat.eqb i j); ring.
Qed.

Lemma squared_distance_by_logits n k a b a' b' :
  (forall x y, (x < n)%nat -> (y < k)%nat -> logit a' x y = logit a x y) ->
  (forall x y, (x < n)%nat -> (y < k)%nat -> logit b' x y = logit b x y) ->
  squared_logit_distance n k a' b' = squared_logit_distance n k a b.
Proof.
  intros same_a same_b. apply mean_equal. intros x x_inside. apply squared_norm_equal. intros y y_inside.
  rewrite !difference_is_centred. apply centred_equal; [|exact y_inside].
  intros z z_inside. now rewrite same_a, same_b.
Qed.

Theorem gauge : T1_gauge.
Proof.
  intros n k a b A B _ _ inverse. symmetry. apply squared_distance_by_logits; [|reflexivity].
  intros. now apply logit_of_gauged.
Qed.

Theorem shift : T1_shift.
Proof.
  intros n k a b c _ labels. apply mean_equal. intros x _. apply squared_norm_equal. intros y y_inside.
  rewrite !difference_is_centred.
  rewrite (centred_equal k (fun z => logit (shifted c a) x z - logit b x z)
             (fun z => logit a x z - logit b x z + dot (dimension a) (embedding a x) c));
               [|intros z _ | exact y_inside].
  - now rewrite centred_shift.
  - unfold logit, shifted, dot. simpl.
    rewrite (sum_equal _ _ (fun i => embedding a x i * unembedding a z i + embedding a x i * c i)) by (intros; ring).
    rewrite sum_plus. ring.
Qed.

Theorem relabelling : T1_relabelling.
Proof.
  intros n k a b rename back _ _ [forth_and_back back_and_forth]. apply mean_equal. intros x _. unfold squared_norm.
  rewrite <- (sum_renamed k rename back _ forth_and_back back_and_forth).
  apply sum_equal. intros y inside. f_equal. rewrite !difference_is_centred. unfold centred, mean.
  now rewrite <- (sum_renamed k rename back _ forth_and_back back_and_forth).
Qed.

(** ** The other forms *)

Theorem pairs_of_labels : T1_pair_form.
Proof.
  intros n k a b _ labels. unfold squared_logit_distance, pair_form. pose proof (positive_size k labels).
  apply (Rmult_eq_reg_l (2 * INR k)); [|lra]. rewrite <- mean_times.
  replace (2 * INR k * (mean n _ / (2 * INR k))) with (mean n (fun x => sum k (fun i => sum k (fun j =>
    ((logit a x i - logit b x i) - (logit a x j - logit b x j)) ^ 2)))) by (field; lra).
  apply mean_equal. intros x _. set (v := difference k a b x).
  rewrite (sum_equal k (fun i => sum k _) (fun i => INR k * v i ^ 2 - 2 * v i * sum k v + squared_norm k v)).
  - rewrite sum_plus, sum_minus, sum_times, sum_times_right, sum_constant.
    unfold v. rewrite sum_of_differences by exact labels. fold v. unfold squared_norm. ring.
  - intros i _. unfold squared_norm. rewrite <- sum_times, <- (sum_constant k (v i ^ 2)), <- sum_minus, <- sum_plus.
    apply sum_equal. intros j _. unfold v. rewrite !difference_is_centred. unfold centred. ring.
Qed.

Theorem projection : T1_projection_form.
Proof.
  intros n k a b _ labels. apply mean_equal. intros x _. apply squared_norm_equal. intros.
  now apply difference_of_log_probabilities.
Qed.

(** Among all shifts c(x) of log p - log p', centring is the shortest. *)
Theorem projection_is_least n k a b (c : nat -> R) : (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b <=
  mean n (fun x => squared_norm k (fun y => ln (probability k a x y) - ln (probability k b x y) - c x)).
Proof.
  intros inputs labels. rewrite (projection n k a b inputs labels). apply mean_at_most; [exact inputs|].
  intros. now apply centring_shortens.
Qed.
