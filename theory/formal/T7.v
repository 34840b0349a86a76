(** * T7: no bound in KL without a floor: the square *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Softmax Scalars Kl Statements T6 T3.
Open Scope R_scope.

(** ** What is proved

    For the square of scale r with two labels exchanged, KL = r e^-r (1 - e^-r)/(1 + e^-r)^2, which vanishes as r
    grows, d_logit^2 = 2 r^2, which grows, and the pivot-free alignment error is 1/2 throughout. So no function of KL
    that vanishes at zero bounds the alignment error. *)

Example square_kl_says : T7_square_kl = (
  forall (r : R),
  0 < r ->
  kl_divergence 4 4 (square_model r) (exchanged_square r)
  = r * exp (- r) * (1 - exp (- r)) / (1 + exp (- r)) ^ 2).
Proof. reflexivity. Qed.

Example square_distance_says : T7_square_distance = (
  forall (r : R),
  0 < r ->
  squared_logit_distance 4 4 (square_model r) (exchanged_square r)
  = 2 * (r ^ 2)).
Proof. reflexivity. Qed.

Ltac each_input x := destruct x as [|[|[|[|x]]]]; [| | | | lia].

(** ** KL: in both models the logits of an input are r, 0, 0 and -r, and only two of them are exchanged *)

Lemma square_logit r x y : logit (square_model r) x y = r * (corner x 0 * corner y 0 + corner x 1 * corner y 1).
Proof. unfold logit, dot. simpl. ring. Qed.

Lemma exchanged_logit r x y : logit (exchanged_square r) x y
  = r * (exchanged_corner x 0 * exchanged_corner y 0 + exchanged_corner x 1 * exchanged_corner y 1).
Proof. unfold logit, dot. simpl. ring. Qed.

(** The exponentials of the logits r c, for c one of -1, 0, 1. *)
Lemma exp_zero_logit r c : c = 0 -> exp (r * c) = 1.
Proof. intros ->. rewrite Rmult_0_r. apply exp_0. Qed.

Lemma exp_top_logit r c : c = 1 -> exp (r * c) = exp r.
Proof. intros ->. now rewrite Rmult_1_r. Qed.

Lemma exp_bottom_logit r c : c = -1 -> exp (r * c) = exp (- r).
Proof. intros ->. f_equal. ring. Qed.

Ltac logits_of_the_square :=
  repeat first [rewrite exp_zero_logit by lra | rewrite exp_top_logit by lra | rewrite exp_bottom_logit by lra].

Lemma square_partition r x : (x < 4)%nat -> sum 4 (fun y => exp (logit (square_model r) x y)) = exp r + 2 + exp (- r).
Proof. intro inside. simpl. rewrite !square_logit. each_input x; simpl; logits_of_the_square; ring. Qed.

Lemma exchanged_partition r x : (x < 4)%nat -> sum 4 (fun y => exp (logit (exchanged_square r) x y))
  = exp r + 2 + exp (- r).
Proof. intro inside. simpl. rewrite !exchanged_logit. each_input x; simpl; logits_of_the_square; ring. Qed.

Lemma kl_of_one_input r x : (x < 4)%nat ->
  kl 4 (probability 4 (square_model r) x) (probability 4 (exchanged_square r) x)
  = r * exp (- r) * (1 - exp (- r)) / (1 + exp (- r)) ^ 2.
Proof.
  intro inside. unfold probability. rewrite kl_of_logits by lia.
  rewrite square_partition, exchanged_partition, expectation_of_softmax, square_partition by exact inside.
  pose proof (exp_pos r). pose proof (exp_pos (- r)). pose proof (exp_times_opposite r) as product.
  assert (inverse : exp r = / exp (- r)) by (apply (Rmult_eq_reg_r (exp (- r))); [rewrite Rinv_l|]; lra).
  simpl sum. rewrite !square_logit, !exchanged_logit.
  each_input x; simpl; logits_of_the_square; rewrite inverse; field; split; nra.
Qed.

Theorem kl_of_the_square : T7_square_kl.
Proof.
  intros r _. unfold kl_divergence. rewrite <- (mean_constant 4) by lia. apply mean_equal. intros.
  now apply kl_of_one_input.
Qed.

(** ** The logit distance grows *)

Theorem distance_of_the_square : T7_square_distance.
Proof.
  intros r _. unfold squared_logit_distance. rewrite <- (mean_constant 4 (2 * r ^ 2)) by lia.
  apply mean_equal. intros x inside. unfold squared_norm. simpl sum. rewrite !difference_is_centred.
  unfold centred, mean. simpl sum. simpl INR. rewrite !square_logit, !exchanged_logit. each_input x; simpl; field.
Qed.

(** ** The alignment error does not move *)

(** P = Gc^T / (2 r^2) *)
Definition square_inverse (r : R) (i y : nat) : R := corner y i / (2 * r).

Lemma centred_square r y i : (i < 2)%nat -> centred_unembedding 4 (square_model r) y i = r * corner y i.
Proof.
  intro inside. unfold centred_unembedding, centred, mean. simpl. destruct i as [|[|i]]; [| |lia]; simpl; field.
Qed.

Lemma centred_exchanged r y i : (i < 2)%nat -> centred_unembedding 4 (exchanged_square r) y i
  = r * exchanged_corner y i.
Proof.
  intro inside. unfold centred_unembedding, centred, mean. simpl. destruct i as [|[|i]]; [| |lia]; simpl; field.
Qed.

Lemma square_inverse_is_pseudo_inverse r : 0 < r -> pseudo_inverse 4 (square_model r) (square_inverse r).
Proof.
  intro positive. split.
  - intros i j i_inside j_inside. simpl in i_inside, j_inside. unfold square_inverse. simpl sum.
    rewrite !centred_square by exact j_inside.
    destruct i as [|[|i]], j as [|[|j]]; try lia; simpl; field; lra.
  - intros y z _ _. unfold dot, square_inverse. simpl. rewrite !centred_square by lia. field. lra.
Qed.

Theorem alignment_error_of_the_square r : 0 < r ->
  squared_alignment_error 4 4 (square_inverse r) (square_model r) (exchanged_square r) = 1 / 2.
Proof.
  intro positive. unfold squared_alignment_error. rewrite <- (mean_constant 4 (1 / 2)) by lia.
  apply mean_equal. intros x inside. unfold squared_norm, residual, alignment, dot, square_inverse. simpl sum.
  rewrite !centred_exchanged by lia. each_input x; simpl; field; lra.
Qed.

(** ** No function of KL that vanishes at zero bounds the alignment error *)

(** KL of the square is at most 2/r, as e^r >= r^2/2. *)
Lemma kl_of_the_square_vanishes r : 0 < r ->
  kl_divergence 4 4 (square_model r) (exchanged_square r) <= 2 / r.
Proof.
  intro positive. rewrite (kl_of_the_square r positive).
  pose proof (exp_pos (- r)). pose proof (exp_times_opposite r).
  pose proof (remainder_at_least_right r ltac:(lra)) as large. unfold remainder in large.
  assert (small : r * r * exp (- r) <= 2) by nra.
  assert (below : exp (- r) <= 1) by nra.
  apply (Rmult_le_reg_r (r * (1 + exp (- r)) ^ 2)); [apply Rmult_lt_0_compat; nra|].
  replace (r * exp (- r) * (1 - exp (- r)) / (1 + exp (- r)) ^ 2 * (r * (1 + exp (- r)) ^ 2))
    with (r * r * exp (- r) * (1 - exp (- r))) by (field; nra).
  replace (2 / r * (r * (1 + exp (- r)) ^ 2)) with (2 * (1 + exp (- r)) ^ 2) by (field; lra). nra.
Qed.

Theorem no_bound_in_kl (bound : R -> R) : (forall eps, 0 < eps -> exists delta, 0 < delta /\
    forall t, 0 <= t < delta -> bound t < eps) ->
  exists r P, pseudo_inverse 4 (square_model r) P /\
    bound (kl_divergence 4 4 (square_model r) (exchanged_square r))
    < squared_alignment_error 4 4 P (square_model r) (exchanged_square r).
Proof.
  intro vanishes. destruct (vanishes (1 / 2) ltac:(lra)) as [delta [positive below]].
  set (r := 2 * (2 / delta)). assert (0 < 2 / delta) by (apply Rdiv_lt_0_compat; lra).
  assert (r_positive : 0 < r) by (unfold r; lra).
  exists r, (square_inverse r). split; [now apply square_inverse_is_pseudo_inverse|].
  rewrite (alignment_error_of_the_square r r_positive). apply below. split.
  - apply mean_nonnegative; [lia|]. intros. apply kl_nonnegative; apply probability_distribution; lia.
  - apply Rle_lt_trans with (1 := kl_of_the_square_vanishes r r_positive).
    replace (2 / r) with (delta / 2) by (unfold r; field; lra). lra.
Qed.
