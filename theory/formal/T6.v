(** * T6: the logit distance bounds KL *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Softmax Scalars Statements.
Open Scope R_scope.

(** ** What is proved *)

Example upper_bound_says : T6_upper_bound = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  kl_divergence n k a b
  <= 1 / 4 * squared_logit_distance n k a b).
Proof. reflexivity. Qed.

(** The proof. Fix an input. Let u and v be the logits of the two models, d = v - u, and move from one distribution to
    the other along p_s = softmax (u + s d). Write phi(s) for the logarithm of the partition of p_s. Then
      phi'(s) = E_{p_s} d,  phi''(s) = Var_{p_s} d,  and  KL(p_0 || p_1) = phi(1) - phi(0) - phi'(0).
    A variance is at most half of the squared norm of d, and may be taken of d centred; so phi'' <= ||Delta||^2 / 2, and
    the remainder is at most that of a parabola, ||Delta||^2 / 4. Then average over the inputs. *)

(** ** The logarithm of the partition and its derivatives *)

Definition between (u d : nat -> R) (s : R) (y : nat) : R := u y + s * d y.

Definition partition k u d s : R := sum k (fun y => exp (between u d s y)).
Definition log_partition k u d s : R := ln (partition k u d s).

Lemma is_derive_sum k f f' s :
  (forall y, (y < k)%nat -> is_derive (f y) s (f' y)) -> is_derive (fun s => sum k (fun y => f y s)) s (sum k f').
Proof.
  induction k as [|k step]; intro derivative; simpl.
  - apply (is_derive_const 0).
  - apply (is_derive_plus (fun s => sum k (fun y => f y s)) (f k)); auto.
Qed.

(** The derivative of the sum of weights w(y) e^{u(y) + s d(y)} is the sum of w(y) d(y) e^{u(y) + s d(y)}. *)
Lemma weighted_partition_derivative k u d w s :
  is_derive (fun s => sum k (fun y => w y * exp (between u d s y))) s
    (sum k (fun y => w y * d y * exp (between u d s y))).
Proof.
  apply is_derive_sum. intros y _. unfold between. auto_derive; auto. ring.
Qed.

Lemma partition_derivative k u d s : is_derive (partition k u d) s (sum k (fun y => d y * exp (between u d s y))).
Proof.
  apply is_derive_sum. intros y _. unfold between. auto_derive; auto. ring.
Qed.

(** An expectation under softmax is a ratio of sums. *)
Lemma expectation_of_softmax k u w :
  expectation k (softmax k u) w = sum k (fun y => w y * exp (u y)) / sum k (fun y => exp (u y)).
Proof.
  unfold expectation, softmax. rewrite <- sum_over. apply sum_equal. intros. unfold Rdiv. ring.
Qed.

(** phi' = E_{p_s} d *)
Lemma log_partition_derivative k u d s : (0 < k)%nat ->
  is_derive (log_partition k u d) s (expectation k (softmax k (between u d s)) d).
Proof.
  intro some. assert (0 < partition k u d s) by (apply partition_positive, some).
  rewrite expectation_of_softmax. fold (partition k u d s). unfold Rdiv.
  apply (is_derive_comp ln (partition k u d)); [|apply partition_derivative].
  auto_derive; [assumption | ring].
Qed.

(** phi'' = Var_{p_s} d *)
Lemma mean_derivative k u d s : (0 < k)%nat ->
  is_derive (fun s => expectation k (softmax k (between u d s)) d) s (variance k (softmax k (between u d s)) d).
Proof.
  intro some. assert (positive : 0 < partition k u d s) by (apply partition_positive, some).
  apply (is_derive_ext (fun s => sum k (fun y => d y * exp (between u d s y)) / partition k u d s)).
  { intro t. symmetry. apply expectation_of_softmax. }
  unfold variance. rewrite !expectation_of_softmax. fold (partition k u d s).
  replace (sum k (fun y => d y ^ 2 * exp (between u d s y))) with (sum k (fun y => d y * d y * exp (between u d s y)))
    by (apply sum_equal; intros; ring).
  evar_last.
  - apply is_derive_div; [apply weighted_partition_derivative | apply partition_derivative | lra].
  - cbv beta. field. lra.
Qed.

(** ** KL is the remainder of phi after its tangent *)

Lemma kl_of_logits k u v : (0 < k)%nat ->
  kl k (softmax k u) (softmax k v)
  = ln (sum k (fun y => exp (v y))) - ln (sum k (fun y => exp (u y))) - expectation k (softmax k u)
    (fun y => v y - u y).
Proof.
  intro some. destruct (softmax_distribution k u some) as [positive total].
  destruct (softmax_distribution k v some) as [positive' _]. unfold kl, expectation.
  set (gap := ln (sum k (fun y => exp (v y))) - ln (sum k (fun y => exp (u y)))).
  rewrite (sum_equal k _ (fun y => softmax k u y * gap - softmax k u y * (v y - u y))).
  - rewrite sum_minus, sum_times_right, total. ring.
  - intros y inside. rewrite log_of_ratio, !log_softmax by auto. unfold gap. ring.
Qed.

Lemma kl_is_a_remainder k u d : (0 < k)%nat ->
  kl k (softmax k (between u d 0)) (softmax k (between u d 1))
  = log_partition k u d 1 - log_partition k u d 0 - expectation k (softmax k (between u d 0)) d.
Proof.
  intro some. rewrite kl_of_logits by exact some. unfold log_partition, partition.
  f_equal. apply sum_equal. intros. unfold between. ring.
Qed.

(** ** A variance is at most half of the squared norm *)

Lemma variance_of_pairs k p v : sum k p = 1 ->
  sum k (fun i => sum k (fun j => p i * p j * (v i - v j) ^ 2)) = 2 * variance k p v.
Proof.
  intro total. unfold variance, expectation.
  rewrite (sum_equal k _ (fun i => p i * v i ^ 2 * 1 - 2 * (p i * v i) * sum k (fun j => p j * v j)
                                   + p i * sum k (fun j => p j * v j ^ 2))).
  - rewrite sum_plus, sum_minus, !sum_times_right, sum_times, total. ring.
  - intros i _. rewrite <- total, <- !sum_times, <- sum_minus, <- sum_plus. apply sum_equal. intros. ring.
Qed.

(** Var_p v <= 2 sum p (1 - p) v^2: for two labels (v_i - v_j)^2 <= 2 v_i^2 + 2 v_j^2, and zero for one label twice. *)
Lemma variance_by_products k p v : (forall y, (y < k)%nat -> 0 <= p y) -> sum k p = 1 ->
  variance k p v <= 2 * sum k (fun y => p y * (1 - p y) * v y ^ 2).
Proof.
  intros nonnegative total.
  assert (2 * variance k p v <= 4 * sum k (fun y => p y * (1 - p y) * v y ^ 2)); [|lra].
  rewrite <- variance_of_pairs by exact total.
  apply Rle_trans with (sum k (fun i => sum k (fun j =>
    2 * (p i * v i ^ 2) * p j + 2 * p i * (p j * v j ^ 2) - (if Nat.eqb i j then 4 * p j * p j * v j ^ 2 else 0)))).
  - apply sum_at_most. intros i i_inside. apply sum_at_most. intros j j_inside.
    pose proof (nonnegative i i_inside). pose proof (nonnegative j j_inside).
    pose proof (pow2_ge_0 (v i + v j)). assert (0 <= p i * p j) by nra.
    destruct (Nat.eqb_spec i j) as [<- | _]; nra.
  - right. transitivity (4 * sum k (fun y => p y * v y ^ 2) - 4 * sum k (fun y => p y * p y * v y ^ 2)).
    + rewrite (sum_equal k _ (fun i => 2 * (p i * v i ^ 2) + 2 * sum k (fun j => p j * v j ^ 2) * p i
                                       - 4 * (p i * p i * v i ^ 2))).
      * rewrite sum_minus, sum_plus, !sum_times, total. ring.
      * intros i inside. rewrite sum_minus, sum_plus, !sum_times, total.
        rewrite (sum_of_one k i (fun j => 4 * p j * p j * v j ^ 2) inside). ring.
    + rewrite <- !sum_times, <- sum_minus. apply sum_equal. intros. ring.
Qed.

Lemma variance_at_most_half k p v : (forall y, (y < k)%nat -> 0 <= p y) -> sum k p = 1 ->
  variance k p v <= squared_norm k v / 2.
Proof.
  intros nonnegative total. apply (Rle_trans _ _ _ (variance_by_products k p v nonnegative total)).
  unfold squared_norm. rewrite <- sum_over, <- sum_times. apply sum_at_most. intros y inside.
  (* p (1 - p) <= 1/4 *)
  pose proof (pow2_ge_0 (p y - 1 / 2)). pose proof (pow2_ge_0 (v y)). nra.
Qed.

(** A variance does not see a shift, so that the bound holds with v centred. *)
Lemma variance_shift k p v c : sum k p = 1 -> variance k p (fun y => v y - c) = variance k p v.
Proof.
  intro total. unfold variance, expectation.
  rewrite (sum_equal k (fun y => p y * (v y - c) ^ 2) (fun y => p y * v y ^ 2 - 2 * c * (p y * v y) + c ^ 2 * p y)).
  2: { intros. ring. }
  rewrite (sum_equal k (fun y => p y * (v y - c)) (fun y => p y * v y - c * p y)).
  2: { intros. ring. }
  rewrite sum_plus, !sum_minus, !sum_times, total. ring.
Qed.

(** ** The theorem *)

(** On one input: KL(softmax u || softmax v) <= ||v - u, centred||^2 / 4. *)
Lemma kl_at_most_quarter k u v : (0 < k)%nat ->
  kl k (softmax k u) (softmax k v) <= 1 / 4 * squared_norm k (centred k (fun y => v y - u y)).
Proof.
  intro some. set (d := fun y => v y - u y). set (size := squared_norm k (centred k d)).
  rewrite (kl_equal k _ (softmax k (between u d 0)) _ (softmax k (between u d 1))).
  2, 3: intros y inside; apply softmax_equal; auto; intros; unfold between, d; ring.
  rewrite kl_is_a_remainder by exact some.
  replace (1 / 4 * size) with (size / 4 * 1 ^ 2 - size / 4 * 0 ^ 2 - size / 2 * 0) by field.
  apply (remainder_monotone (log_partition k u d) (fun s => expectation k (softmax k (between u d s)) d)
           (fun s => variance k (softmax k (between u d s)) d)
           (fun s => size / 4 * s ^ 2) (fun s => size / 2 * s) (fun _ => size / 2)); intros s _.
  - now apply log_partition_derivative.
  - now apply mean_derivative.
  - auto_derive; auto. field.
  - auto_derive; auto. field.
  - destruct (softmax_distribution k (between u d s) some) as [positive total].
    rewrite <- (variance_shift k _ d (mean k d) total).
    apply variance_at_most_half; [intros y inside; left; auto | exact total].
Qed.

Theorem logit_distance_bounds_kl : T6_upper_bound.
Proof.
  intros n k a b inputs labels. unfold kl_divergence, squared_logit_distance.
  rewrite <- mean_times. apply mean_at_most; [exact inputs|]. intros x _.
  rewrite (squared_norm_equal k (difference k a b x) (fun y => - centred k (fun z => logit b x z - logit a x z) y)).
  - rewrite squared_norm_opposite. now apply kl_at_most_quarter.
  - intros y _. rewrite difference_is_centred, !centred_minus. ring.
Qed.

(** ** One quarter is sharp: two labels of probability one half that move apart by little *)

(** The logits (eps/2, -eps/2). *)
Definition coin (eps : R) : model := model_of_one_input (fun y => match y with O => eps / 2 | _ => - (eps / 2) end).

Lemma coin_partition eps : sum 2 (fun y => exp (logit (coin eps) 0 y)) = exp (eps / 2) + exp (- (eps / 2)).
Proof. unfold coin. simpl. rewrite !logit_of_one_input. ring. Qed.

(** KL of the coin from its opposite is eps tanh (eps / 2). *)
Lemma kl_of_coins eps : kl_divergence 1 2 (coin eps) (coin (- eps)) = eps * ((exp eps - 1) / (exp eps + 1)).
Proof.
  unfold kl_divergence. rewrite mean_of_one. unfold probability. rewrite kl_of_logits by lia.
  rewrite !coin_partition, expectation_of_softmax, coin_partition.
  unfold coin. simpl. rewrite !logit_of_one_input.
  replace (- eps / 2) with (- (eps / 2)) by field. rewrite Ropp_involutive.
  replace (exp eps) with (exp (eps / 2) * exp (eps / 2)) by (rewrite <- exp_plus; f_equal; field).
  rewrite (Rplus_comm (exp (- (eps / 2)))), exp_Ropp. pose proof (exp_pos (eps / 2)). field. split; nra.
Qed.

Lemma squared_distance_of_coins eps : squared_logit_distance 1 2 (coin eps) (coin (- eps)) = 2 * eps ^ 2.
Proof.
  unfold squared_logit_distance. rewrite mean_of_one. unfold squared_norm. simpl sum.
  rewrite !difference_is_centred. unfold centred, mean, coin. simpl. rewrite !logit_of_one_input. field.
Qed.

Theorem quarter_is_sharp : T6_upper_bound_sharp.
Proof.
  intros c bound.
  assert (coins : forall eps, 0 < eps -> 1 <= 2 * c * (exp eps + 1)).
  { intros eps positive. specialize (bound 1%nat 2%nat (coin eps) (coin (- eps)) ltac:(lia) ltac:(lia)).
    rewrite kl_of_coins, squared_distance_of_coins in bound.
    pose proof (exp_above_tangent eps). pose proof (exp_pos eps).
    apply (Rmult_le_compat_r (exp eps + 1)) in bound; [|lra].
    replace (eps * ((exp eps - 1) / (exp eps + 1)) * (exp eps + 1)) with (eps * (exp eps - 1)) in bound by (field; lra).
    apply (Rmult_le_reg_r (eps ^ 2)); nra. }
  assert (0 < c) by (pose proof (coins 1 ltac:(lra)); pose proof (exp_pos 1); nra).
  assert (1 <= 4 * c); [|lra].
  apply (at_most_in_the_limit 1 (4 * c) 1); [lra|]. intros eps [positive _]. specialize (coins eps positive).
  pose proof (exp_above_tangent eps). nra.
Qed.
