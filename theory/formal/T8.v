(** * T8: linear probes transfer *)

From Coq Require Import Reals Lra Lia Arith Bool.
From Formal Require Import Sums Softmax Statements T3.
Open Scope R_scope.

(** ** What is proved

    With w' = A*^T w and c_w = ||P^T w||^2: E(w.f - w'.f')^2 <= c_w d_logit^2; the share of Var(w.f) that w'.f' leaves
    unexplained is at most c_w tr Cov(Delta) / Var(w.f); and the shares of inputs on which a sign, or the top label,
    changes are at most those near the boundary and a term by Chebyshev. All rest on w.f - w'.f' = (P^T w).Delta. *)

Example squared_error_says : T8_squared_error = (
  forall (n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P ->
  probe_error n k P w a b
  <= 1 * (squared_probe_norm k P w a * squared_logit_distance n k a b)).
Proof. reflexivity. Qed.

Example unexplained_variance_says : T8_unexplained_variance = (
  forall (n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P -> 0 < variance_over_inputs n (probe_value w a) ->
  unexplained_share n k P w a b
  <= squared_probe_norm k P w a * difference_variance n k a b / variance_over_inputs n (probe_value w a)).
Proof. reflexivity. Qed.

Example sign_flips_says : T8_sign_flips = (
  forall (n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R) (gamma : R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P -> 0 < gamma ->
  sign_flips n k P w a b
  <= probe_within n w a gamma + squared_probe_norm k P w a * squared_logit_distance n k a b / gamma ^ 2).
Proof. reflexivity. Qed.

Example top_label_says : T8_top_label = (
  forall (n k : nat) (a b : model) (gamma : R),
  (0 < n)%nat -> (0 < k)%nat -> 0 < gamma ->
  disagreement n k a b
  <= margin_within n k a gamma + 2 * squared_logit_distance n k a b / gamma ^ 2).
Proof. reflexivity. Qed.

(** P^T w *)
Definition pulled (P : nat -> nat -> R) (w : nat -> R) (a : model) (y : nat) : R :=
  sum (dimension a) (fun i => P i y * w i).

Lemma probe_gap_by_difference k P w a b x : pseudo_inverse k a P ->
  probe_gap k P w a b x = dot k (pulled P w a) (difference k a b x).
Proof.
  intro inverse. transitivity (dot (dimension a) w (residual k P a b x)).
  - unfold probe_gap, probe_value, residual. rewrite dot_minus. f_equal. unfold transported, dot.
    rewrite (sum_equal _ _ (fun j => sum (dimension a) (fun i => w i * (alignment k P b i j * embedding b x j)))).
    + rewrite sum_exchange. apply sum_equal. intros. apply sum_times.
    + intros. rewrite <- sum_times_right. apply sum_equal. intros. ring.
  - unfold dot, pulled.
    rewrite (sum_equal _ _ (fun i => sum k (fun y => P i y * w i * difference k a b x y))).
    + rewrite sum_exchange. apply sum_equal. intros. apply sum_times_right.
    + intros i inside. rewrite residual_inverts_difference by assumption. unfold applied, dot.
      rewrite <- sum_times. apply sum_equal. intros. ring.
Qed.

Lemma squared_gap_at_most k P w a b x : pseudo_inverse k a P ->
  probe_gap k P w a b x ^ 2 <= squared_probe_norm k P w a * squared_norm k (difference k a b x).
Proof. intro inverse. rewrite probe_gap_by_difference by exact inverse. apply squared_dot_at_most. Qed.

Theorem probes_transfer : T8_squared_error.
Proof.
  intros n k a b P w inputs labels inverse. rewrite Rmult_1_l. unfold probe_error, squared_logit_distance.
  rewrite <- mean_times. apply mean_at_most; [exact inputs|]. intros. now apply squared_gap_at_most.
Qed.

(** Sharp: k = 2, m = 1, labels at 1/2 and -1/2, one input at 1, against a model that tells no labels apart. *)
Theorem probe_constant_is_sharp : T8_squared_error_sharp.
Proof.
  intros c bound.
  set (teacher := model_of_one_input two_sides).
  pose proof (bound 1%nat 2%nat teacher indifferent _ (fun _ => 1) ltac:(lia) ltac:(lia) two_sides_inverse) as here.
  assert (gap : forall y, difference 2 teacher indifferent 0 y = two_sides y).
  { intro y. unfold difference, centred_logit, dot. simpl. unfold teacher. rewrite centred_two_sides. ring. }
  unfold probe_error, squared_logit_distance in here. rewrite !mean_of_one in here.
  rewrite probe_gap_by_difference in here by exact two_sides_inverse.
  rewrite (squared_norm_equal 2 (difference 2 teacher indifferent 0) two_sides) in here by (intros; apply gap).
  unfold dot, pulled, squared_probe_norm, squared_norm in here. simpl in here. rewrite !gap in here. simpl in here. lra.
Qed.

(** ** The share of the variance left unexplained *)

Lemma mean_of_dot n k v d : mean n (fun x => dot k v (d x)) = dot k v (fun y => mean n (fun x => d x y)).
Proof.
  unfold mean, dot. rewrite sum_exchange, <- sum_over. apply sum_equal. intros. rewrite sum_times. unfold Rdiv. ring.
Qed.

Theorem unexplained_variance : T8_unexplained_variance.
Proof.
  intros n k a b P w inputs labels inverse varies. unfold unexplained_share, Rdiv.
  apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|].
  unfold variance_over_inputs at 1, difference_variance. rewrite <- mean_times.
  apply mean_at_most; [exact inputs|]. intros x _.
  rewrite (mean_equal n (probe_gap k P w a b) (fun z => dot k (pulled P w a) (difference k a b z)))
    by (intros; now apply probe_gap_by_difference).
  rewrite probe_gap_by_difference, mean_of_dot, <- dot_minus by exact inverse. apply squared_dot_at_most.
Qed.

(** ** Flips of a sign *)

Lemma share_at_most n (event near : nat -> bool) (size : nat -> R) (bound : R) : (0 < n)%nat ->
  (forall x, (x < n)%nat -> 0 <= size x) ->
  (forall x, (x < n)%nat -> event x = true -> near x = false -> 1 <= size x) -> mean n size <= bound ->
  share n event <= share n near + bound.
Proof.
  intros inputs nonnegative far below. apply Rle_trans with (share n near + mean n size); [|lra].
  unfold share. rewrite <- mean_plus. apply mean_at_most; [exact inputs|]. intros x inside.
  specialize (nonnegative x inside). specialize (far x inside).
  destruct (event x), (near x); [| specialize (far eq_refl eq_refl) | |]; lra.
Qed.

Lemma greater_true x y : greater x y = true -> y < x.
Proof. unfold greater. destruct (Rlt_dec y x); [auto | discriminate]. Qed.

Lemma greater_false x y : greater x y = false -> x <= y.
Proof. unfold greater. destruct (Rlt_dec y x); [discriminate | intro; lra]. Qed.

Lemma one_at_most_ratio t gamma : 0 < gamma -> gamma ^ 2 <= t -> 1 <= t / gamma ^ 2.
Proof.
  intros positive large. assert (0 < gamma ^ 2) by nra. apply (Rmult_le_reg_r (gamma ^ 2)); [assumption|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** A value outside the band |w.f| <= gamma whose sign changes moves by more than gamma. *)
Lemma flip_moves v v' gamma : 0 < gamma -> xorb (greater v 0) (greater v' 0) = true ->
  negb (greater (Rabs v) gamma) = false -> gamma ^ 2 <= (v - v') ^ 2.
Proof.
  intros positive flips outside. apply negb_false_iff in outside. apply greater_true in outside.
  destruct (greater v 0) eqn:sign, (greater v' 0) eqn:sign'; simpl in flips; try discriminate.
  - apply greater_true in sign. apply greater_false in sign'. rewrite Rabs_right in outside by lra. nra.
  - apply greater_false in sign. apply greater_true in sign'. rewrite Rabs_left1 in outside by lra. nra.
Qed.

Lemma mean_over_square n f gamma : mean n (fun x => f x / gamma ^ 2) = mean n f / gamma ^ 2.
Proof. unfold mean. rewrite sum_over. unfold Rdiv. ring. Qed.

Lemma divided_at_most x y z : 0 < z -> x <= y -> x / z <= y / z.
Proof. intros positive below. apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat | exact below]. Qed.

Theorem flips_of_sign : T8_sign_flips.
Proof.
  intros n k a b P w gamma inputs labels inverse positive. assert (0 < gamma ^ 2) by nra.
  apply (share_at_most n _ _ (fun x => probe_gap k P w a b x ^ 2 / gamma ^ 2)); [exact inputs | | |].
  - intros. apply Rmult_le_pos; [apply pow2_ge_0 | left; now apply Rinv_0_lt_compat].
  - intros x _ flips outside. apply one_at_most_ratio; [exact positive | now apply flip_moves].
  - rewrite mean_over_square. apply divided_at_most; [assumption|].
    pose proof (probes_transfer n k a b P w inputs labels inverse). unfold probe_error in *. lra.
Qed.

(** ** Changes of the top label *)

Lemma leads_true k u y gamma : leads k u y gamma = true -> forall z, (z < k)%nat -> z <> y -> gamma < u y - u z.
Proof.
  induction k as [|k step]; intros lead z inside other; [lia|]. simpl in lead. apply andb_true_iff in lead.
  destruct lead as [before last]. destruct (Nat.eq_dec z k) as [-> | earlier]; [|apply step; auto; lia].
  apply orb_true_iff in last. destruct last as [equal | exceeds].
  - apply Nat.eqb_eq in equal. congruence.
  - now apply greater_true.
Qed.

Lemma leads_false k u y gamma : leads k u y gamma = false -> exists z, (z < k)%nat /\ z <> y /\ u y - u z <= gamma.
Proof.
  induction k as [|k step]; intro lead; [discriminate|]. simpl in lead. apply andb_false_iff in lead.
  destruct lead as [before | last].
  - destruct (step before) as [z [inside rest]]. exists z. split; [lia | exact rest].
  - apply orb_false_iff in last. destruct last as [other below]. apply Nat.eqb_neq in other.
    apply greater_false in below.
    exists k. auto.
Qed.

Lemma some_label_true k event : some_label k event = true -> exists y, (y < k)%nat /\ event y = true.
Proof.
  induction k as [|k step]; intro some; [discriminate|]. simpl in some. apply orb_true_iff in some.
  destruct some as [before | last].
  - destruct (step before) as [y [inside true_there]]. exists y. split; [lia | exact true_there].
  - exists k. auto.
Qed.

Lemma some_label_false k event y : some_label k event = false -> (y < k)%nat -> event y = false.
Proof.
  induction k as [|k step]; intros none inside; [lia|]. simpl in none. apply orb_false_iff in none.
  destruct none as [before last]. destruct (Nat.eq_dec y k) as [-> | earlier]; [exact last | apply step; auto; lia].
Qed.

(** A margin above gamma that is lost to a label z costs (Delta_y - Delta_z)^2 > gamma^2, and that is at most
    2 ||Delta||^2. *)
Lemma lost_margin_moves k u u' gamma : 0 < gamma ->
  top_labels_differ k u u' = true ->
  negb (some_label k (fun y => leads k u y gamma)) = false ->
  gamma ^ 2 <= 2 * squared_norm k (fun y => u y - u' y).
Proof.
  intros positive changed outside. apply negb_true_iff in changed. apply negb_false_iff in outside.
  destruct (some_label_true _ _ outside) as [y [y_inside lead]].
  pose proof (leads_true _ _ _ _ lead) as ahead.
  pose proof (some_label_false _ _ y changed y_inside) as not_both. apply andb_false_iff in not_both.
  assert (exists z, (z < k)%nat /\ z <> y /\ u' y - u' z <= 0) as [z [z_inside [other behind]]].
  { destruct not_both as [not_first | not_second]; [|now apply leads_false].
    destruct (leads_false _ _ _ _ not_first) as [z [z_inside [other behind]]].
    pose proof (ahead z z_inside other). lra. }
  pose proof (ahead z z_inside other) as margin.
  pose proof (two_terms_at_most_sum k (fun y => (u y - u' y) ^ 2) y z (fun l _ => pow2_ge_0 _) y_inside z_inside
    (not_eq_sym other)) as two.
  fold (squared_norm k (fun y => u y - u' y)) in two. simpl in two.
  pose proof (pow2_ge_0 ((u y - u' y) + (u z - u' z))). nra.
Qed.

Theorem changes_of_top_label : T8_top_label.
Proof.
  intros n k a b gamma inputs labels positive. assert (0 < gamma ^ 2) by nra.
  apply (share_at_most n _ _ (fun x => 2 * squared_norm k (difference k a b x) / gamma ^ 2)); [exact inputs | | |].
  - intros. apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
    pose proof (squared_norm_nonnegative k (difference k a b x)). lra.
  - intros x _ changed outside. apply one_at_most_ratio; [exact positive | now apply lost_margin_moves].
  - rewrite mean_over_square, mean_times. apply divided_at_most; [assumption | apply Rle_refl].
Qed.
