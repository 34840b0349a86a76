(** * T5: KL bounds the logit distance under a floor on probabilities *)

From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Formal Require Import Sums Softmax Scalars Kl Statements T6.
Open Scope R_scope.

(** ** What is proved

    With every probability of both models at least tau, d_logit^2 <= (2/tau) KL for three labels and more, and
    d_logit^2 <= KL / (tau (1 - tau)) for two. Both constants are sharp, for every number of labels and every tau below
    1/k. *)

Example upper_bound_says : T5_upper_bound = (
  forall (k : nat) (tau : R), forall (n : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat -> (3 <= k)%nat -> 0 < tau -> floor n k a tau -> floor n k b tau ->
  squared_logit_distance n k a b
  <= 2 * (kl_divergence n k a b / tau)).
Proof. reflexivity. Qed.

Example upper_bound_binary_says : T5_upper_bound_binary = (
  forall (k : nat) (tau : R), forall (n : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat -> k = 2%nat -> 0 < tau -> floor n k a tau -> floor n k b tau ->
  squared_logit_distance n k a b
  <= 1 * (kl_divergence n k a b / tau / (1 - tau))).
Proof. reflexivity. Qed.

Example by_pinsker_says : T5_by_pinsker = (
  forall (n k : nat) (a b : model) (tau : R),
  (0 < n)%nat -> (2 <= k)%nat -> 0 < tau -> floor n k a tau -> floor n k b tau ->
  squared_logit_distance n k a b
  <= kl_divergence n k a b / tau ^ 2).
Proof. reflexivity. Qed.

(** ** Three labels and more

    Each label's term of KL is at least min(p, p') t^2 / 2 >= tau t^2 / 2, t = log(p/p'); and centring t shortens it. *)

Lemma distance_by_kl k p q tau : (0 < k)%nat -> distribution k p -> distribution k q ->
  (forall y, (y < k)%nat -> tau <= p y) -> (forall y, (y < k)%nat -> tau <= q y) ->
  tau * squared_norm k (centred k (fun y => ln (p y) - ln (q y))) <= 2 * kl k p q.
Proof.
  intros some full full' least least'. pose proof (kl_at_least_weighted k p q full full') as weighted.
  destruct (Rle_dec tau 0) as [trivial | positive].
  { pose proof (kl_nonnegative k p q full full').
    pose proof (squared_norm_nonnegative k (centred k (fun y => ln (p y) - ln (q y)))). nra. }
  apply Rle_trans with (tau * squared_norm k (fun y => ln (p y) - ln (q y))).
  - apply Rmult_le_compat_l; [lra|].
    rewrite (squared_norm_equal k (fun y => ln (p y) - ln (q y)) (fun y => (ln (p y) - ln (q y)) - 0))
      by (intros; ring).
    now apply centring_shortens.
  - apply Rle_trans with (sum k (fun y => Rmin (p y) (q y) * (ln (p y) - ln (q y)) ^ 2)); [|lra].
    unfold squared_norm. rewrite <- sum_times. apply sum_at_most. intros y inside.
    apply Rmult_le_compat_r; [apply pow2_ge_0 | apply Rmin_glb; auto].
Qed.

(** The same for models, averaged over inputs. *)
Lemma distance_of_models_by_kl n k a b tau : (0 < n)%nat -> (0 < k)%nat -> floor n k a tau -> floor n k b tau ->
  tau * squared_logit_distance n k a b <= 2 * kl_divergence n k a b.
Proof.
  intros inputs labels floor_a floor_b. unfold squared_logit_distance, kl_divergence.
  rewrite <- !mean_times. apply mean_at_most; [exact inputs|]. intros x inside.
  rewrite (squared_norm_equal k (difference k a b x)
             (centred k (fun y => ln (probability k a x y) - ln (probability k b x y))))
    by (intros; now apply difference_of_log_probabilities).
  apply distance_by_kl; auto using probability_distribution.
Qed.

Theorem kl_bounds_distance : T5_upper_bound.
Proof.
  intros k tau n a b inputs labels _ positive floor_a floor_b.
  pose proof (distance_of_models_by_kl n k a b tau inputs labels floor_a floor_b).
  apply (Rmult_le_reg_l tau); [exact positive|].
  replace (tau * (2 * (kl_divergence n k a b / tau))) with (2 * kl_divergence n k a b) by (field; lra). assumption.
Qed.

(** Pinsker's route gives 1/tau^2 in place of 2/tau: no better, since two labels share a mass of at most one. *)
Theorem kl_bounds_distance_by_pinsker : T5_by_pinsker.
Proof.
  intros n k a b tau inputs labels positive floor_a floor_b.
  pose proof (distance_of_models_by_kl n k a b tau inputs ltac:(lia) floor_a floor_b) as bound.
  assert (2 * tau <= 1).
  { rewrite <- (probability_total k a 0) by lia.
    pose proof (two_terms_at_most_sum k (probability k a 0) 0 1) as two.
    pose proof (floor_a 0%nat 0%nat ltac:(lia) ltac:(lia)). pose proof (floor_a 0%nat 1%nat ltac:(lia) ltac:(lia)).
    apply Rle_trans with (probability k a 0 0 + probability k a 0 1); [lra|]. apply two; try lia.
    intros l inside. left. apply probability_positive; lia. }
  assert (0 <= kl_divergence n k a b).
  { apply mean_nonnegative; [exact inputs|]. intros. apply kl_nonnegative; apply probability_distribution; lia. }
  apply (Rmult_le_reg_l (tau ^ 2)); [nra|].
  replace (tau ^ 2 * (kl_divergence n k a b / tau ^ 2)) with (kl_divergence n k a b) by (field; lra).
  nra.
Qed.

(** ** 2/tau is sharp: two rare labels, of probabilities tau and tau e^eps, are exchanged *)

Definition rare_pair (k : nat) (tau eps : R) (y : nat) : R :=
  match y with
  | 0%nat => tau
  | 1%nat => tau * exp eps
  | _ => (1 - tau - tau * exp eps) / INR (k - 2)
  end.

Definition exchanged (p : nat -> R) (y : nat) : R := match y with 0%nat => p 1%nat | 1%nat => p 0%nat | _ => p y end.

Lemma sum_from_two k f : sum (S (S k)) f = f 0%nat + f 1%nat + sum k (fun y => f (S (S y))).
Proof. induction k as [|k step]; [simpl; ring|]. simpl in *. rewrite step. ring. Qed.

(** What eps may be, so that the other labels keep the floor. *)
Lemma rare_pair_has_floor k tau eps : (3 <= k)%nat -> 0 < tau -> 0 < eps ->
  tau * (INR k - 1 + exp eps) <= 1 -> forall y, (y < k)%nat -> tau <= rare_pair k tau eps y.
Proof.
  intros three positive small room [|[|y]] inside; simpl rare_pair.
  - lra.
  - pose proof (exp_above_tangent eps). nra.
  - assert (0 < INR (k - 2)) by (apply lt_0_INR; lia).
    apply (Rmult_le_reg_r (INR (k - 2))); [assumption|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
    rewrite minus_INR by lia. simpl (INR 2). lra.
Qed.

Lemma rare_pair_total k tau eps : (3 <= k)%nat -> sum k (rare_pair k tau eps) = 1.
Proof.
  intro three. destruct k as [|[|k]]; try lia. rewrite sum_from_two. simpl rare_pair. rewrite sum_constant.
  replace (k - 0)%nat with k by lia. field. apply not_0_INR. lia.
Qed.

Lemma exchanged_total k p : (2 <= k)%nat -> sum k (exchanged p) = sum k p.
Proof. intro two. destruct k as [|[|k]]; try lia. rewrite !sum_from_two. simpl. ring. Qed.

(** ||Delta||^2 = 2 eps^2 and KL = tau (e^eps - 1) eps *)
Lemma squared_norm_of_exchange k tau eps : (3 <= k)%nat -> 0 < tau ->
  let p := rare_pair k tau eps in squared_norm k (centred k (fun y => ln (p y) - ln (exchanged p y))) = 2 * eps ^ 2.
Proof.
  intros three positive p. destruct k as [|[|k]]; try lia.
  assert (log : ln (tau * exp eps) = ln tau + eps) by (rewrite ln_mult, ln_exp; auto using exp_pos).
  set (v := fun y : nat => match y with 0%nat => - eps | 1%nat => eps | _ => 0 end).
  rewrite (squared_norm_equal _ _ v).
  - unfold squared_norm. rewrite sum_from_two, sum_zero; simpl; [ring | intros; ring].
  - intros y inside. rewrite (centred_equal _ _ v) by
      (auto; intros [|[|z]] z_inside; subst p; simpl; try rewrite log; ring).
    unfold centred, mean. rewrite sum_from_two, sum_zero by reflexivity. subst v. simpl. field.
    apply Rgt_not_eq. pose proof (pos_INR k). destruct k; simpl in *; lra.
Qed.

Lemma kl_of_exchange k tau eps : (3 <= k)%nat -> 0 < tau ->
  (forall y, (y < k)%nat -> 0 < rare_pair k tau eps y) ->
  kl k (rare_pair k tau eps) (exchanged (rare_pair k tau eps)) = tau * (exp eps - 1) * eps.
Proof.
  intros three positive all_positive. destruct k as [|[|k]]; try lia.
  assert (log : ln (tau * exp eps) = ln tau + eps) by (rewrite ln_mult, ln_exp; auto using exp_pos).
  pose proof (exp_pos eps). unfold kl. rewrite sum_from_two, sum_zero.
  - simpl. rewrite !log_of_ratio, log by nra. ring.
  - intros y inside. specialize (all_positive (S (S y)) ltac:(lia)). simpl in *.
    rewrite log_of_ratio by assumption. ring.
Qed.

Theorem two_over_tau_is_sharp : T5_upper_bound_sharp.
Proof.
  intros k tau three positive below c bound.
  set (most := ln (1 + (1 - INR k * tau) / tau)).
  assert (room : 1 < 1 + (1 - INR k * tau) / tau)
    by (assert (0 < (1 - INR k * tau) / tau) by (apply Rdiv_lt_0_compat; lra); lra).
  apply (at_most_in_the_limit 2 c most); [unfold most; rewrite <- ln_1; apply ln_increasing; lra|].
  intros eps [small enough].
  assert (exp eps <= 1 + (1 - INR k * tau) / tau).
  { rewrite <- (exp_ln (1 + (1 - INR k * tau) / tau)) by lra. fold most.
    destruct enough as [less | ->]; [left; now apply exp_increasing | lra]. }
  assert (tau * (INR k - 1 + exp eps) <= 1).
  { assert (tau * exp eps <= tau * (1 + (1 - INR k * tau) / tau)) by (apply Rmult_le_compat_l; lra).
    replace (tau * (1 + (1 - INR k * tau) / tau)) with (tau + 1 - INR k * tau) in * by (field; lra). lra. }
  set (p := rare_pair k tau eps).
  assert (least : forall y, (y < k)%nat -> tau <= p y) by (now apply rare_pair_has_floor).
  assert (least' : forall y, (y < k)%nat -> tau <= exchanged p y).
  { intros [|[|y]] inside; [exact (least 1%nat ltac:(lia)) | exact (least 0%nat ltac:(lia)) | exact (least _ inside)]. }
  assert (full : distribution k p).
  { split; [|now apply rare_pair_total]. intros y inside. specialize (least y inside). lra. }
  assert (full' : distribution k (exchanged p)).
  { split; [|rewrite exchanged_total by lia; now apply rare_pair_total].
    intros y inside. specialize (least' y inside). lra. }
  specialize (bound 1%nat (model_of_distribution p) (model_of_distribution (exchanged p)) ltac:(lia) ltac:(lia) three
    positive
    (floor_of_distribution _ _ _ _ full least) (floor_of_distribution _ _ _ _ full' least')).
  rewrite squared_distance_of_distributions, kl_of_models_of_distributions in bound by assumption.
  unfold p in bound. rewrite squared_norm_of_exchange, kl_of_exchange in bound by (auto; apply full).
  replace (c * (tau * (exp eps - 1) * eps / tau)) with (eps * (c * (exp eps - 1))) in bound by (field; lra).
  assert (2 * eps <= c * (exp eps - 1)) by (apply (Rmult_le_reg_l eps); lra).
  (* e^eps - 1 <= eps e^eps *)
  pose proof (exp_above_tangent (- eps)). pose proof (exp_times_opposite eps). pose proof (exp_pos eps).
  assert (exp eps - 1 <= eps * exp eps) by nra.
  pose proof (exp_above_tangent eps). assert (0 < c) by nra.
  apply (Rmult_le_reg_l eps); nra.
Qed.

(** ** Two labels

    KL is the remainder of phi after its tangent, phi'' = Var_{p_s}(d) = p_s (1 - p_s) (d_0 - d_1)^2, and p_s keeps the
    floor between the two distributions. *)

Lemma binary_variance p d : sum 2 p = 1 -> variance 2 p d = p 0%nat * (1 - p 0%nat) * (d 0%nat - d 1%nat) ^ 2.
Proof.
  simpl. intro total. replace (p 1%nat) with (1 - p 0%nat) by lra. unfold variance, expectation. simpl.
  replace (p 1%nat) with (1 - p 0%nat) by lra. ring.
Qed.

Lemma binary_squared_norm v : squared_norm 2 (centred 2 v) = (v 0%nat - v 1%nat) ^ 2 / 2.
Proof. unfold squared_norm, centred, mean. simpl. field. Qed.

(** p_0 >= tau is linear in the logits. *)
Lemma binary_floor u tau : 0 < tau < 1 -> tau <= softmax 2 u 0 <-> ln tau - ln (1 - tau) <= u 0%nat - u 1%nat.
Proof.
  intros inside. pose proof (exp_pos (u 0%nat)). pose proof (exp_pos (u 1%nat)).
  assert (odds : tau <= softmax 2 u 0 <-> exp (ln tau - ln (1 - tau)) <= exp (u 0%nat - u 1%nat)).
  { unfold softmax. simpl. unfold Rminus. rewrite !exp_plus, !exp_Ropp, !exp_ln by lra.
    assert (same : exp (u 0%nat) / (0 + exp (u 0%nat) + exp (u 1%nat)) - tau
      = (exp (u 0%nat) * / exp (u 1%nat) - tau * / (1 - tau)) *
        ((1 - tau) * exp (u 1%nat) / (exp (u 0%nat) + exp (u 1%nat)))) by (field; lra).
    assert (0 < (1 - tau) * exp (u 1%nat) / (exp (u 0%nat) + exp (u 1%nat)))
      by (apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat|]; lra).
    replace (1 + - tau) with (1 - tau) by ring. split; intro; nra. }
  rewrite odds. split; intro order.
  - destruct (Rle_dec (ln tau - ln (1 - tau)) (u 0%nat - u 1%nat)) as [done | above]; [exact done|].
    pose proof (exp_increasing (u 0%nat - u 1%nat) (ln tau - ln (1 - tau)) ltac:(lra)). lra.
  - destruct order as [less | ->]; [left; now apply exp_increasing | lra].
Qed.

Lemma softmax_second u : softmax 2 u 1 = 1 - softmax 2 u 0.
Proof. destruct (softmax_distribution 2 u ltac:(lia)) as [_ total]. simpl in total. lra. Qed.

Lemma softmax_second_is_first u : softmax 2 u 1 = softmax 2 (fun y => u (1 - y)%nat) 0.
Proof. unfold softmax. simpl. f_equal. ring. Qed.

Lemma floor_on_the_way u d tau s : 0 < tau < 1 -> 0 <= s <= 1 ->
  tau <= softmax 2 (between u d 0) 0 -> tau <= softmax 2 (between u d 1) 0 -> tau <= softmax 2 (between u d s) 0.
Proof.
  intros inside on_the_way. rewrite !binary_floor by exact inside. unfold between. intros start goal.
  replace (u 0%nat + s * d 0%nat - (u 1%nat + s * d 1%nat))
    with ((1 - s) * (u 0%nat + 0 * d 0%nat - (u 1%nat + 0 * d 1%nat))
          + s * (u 0%nat + 1 * d 0%nat - (u 1%nat + 1 * d 1%nat))) by ring.
  nra.
Qed.

(** On one input: tau (1 - tau) (d_0 - d_1)^2 / 2 <= KL. *)
Lemma binary_distance_by_kl u v tau : 0 < tau ->
  (forall y, (y < 2)%nat -> tau <= softmax 2 u y) -> (forall y, (y < 2)%nat -> tau <= softmax 2 v y) ->
  tau * (1 - tau) * squared_norm 2 (centred 2 (fun y => u y - v y)) <= kl 2 (softmax 2 u) (softmax 2 v).
Proof.
  intros positive least least'. set (d := fun y => v y - u y). set (gap := (d 0%nat - d 1%nat) ^ 2).
  assert (starts : forall y, (y < 2)%nat -> softmax 2 u y = softmax 2 (between u d 0) y)
    by (intros; apply softmax_equal; auto; intros; unfold between; ring).
  assert (ends : forall y, (y < 2)%nat -> softmax 2 v y = softmax 2 (between u d 1) y)
    by (intros; apply softmax_equal; auto; intros; unfold between, d; ring).
  rewrite (kl_equal 2 _ _ _ _ starts ends), kl_is_a_remainder, binary_squared_norm by lia.
  replace (tau * (1 - tau) * _) with (tau * (1 - tau) * gap / 2 * 1 ^ 2 - tau * (1 - tau) * gap / 2 * 0 ^ 2
                                     - tau * (1 - tau) * gap * 0) by (unfold gap, d; field).
  apply (remainder_monotone (fun s => tau * (1 - tau) * gap / 2 * s ^ 2) (fun s => tau * (1 - tau) * gap * s)
           (fun _ => tau * (1 - tau) * gap) (log_partition 2 u d) (fun s => expectation 2 (softmax 2 (between u d s)) d)
           (fun s => variance 2 (softmax 2 (between u d s)) d)); intros s on_the_way.
  - auto_derive; auto. field.
  - auto_derive; auto. field.
  - apply log_partition_derivative. lia.
  - apply mean_derivative. lia.
  - destruct (softmax_distribution 2 (between u d s) ltac:(lia)) as [above_zero total].
    rewrite binary_variance by exact total. fold gap. apply Rmult_le_compat_r; [apply pow2_ge_0|].
    pose proof (least 0%nat ltac:(lia)). pose proof (least 1%nat ltac:(lia)).
    pose proof (softmax_second u). assert (tau < 1) by lra.
    assert (tau <= softmax 2 (between u d s) 0).
    { apply floor_on_the_way; [lra | lra | rewrite <- starts | rewrite <- ends]; auto. }
    assert (tau <= softmax 2 (between u d s) 1).
    { rewrite softmax_second_is_first.
      apply (floor_on_the_way (fun y => u (1 - y)%nat) (fun y => d (1 - y)%nat)); [lra | lra | |].
      - change (tau <= softmax 2 (fun y => between u d 0 (1 - y)%nat) 0).
        rewrite <- softmax_second_is_first, <- starts; auto.
      - change (tau <= softmax 2 (fun y => between u d 1 (1 - y)%nat) 0).
        rewrite <- softmax_second_is_first, <- ends; auto. }
    pose proof (softmax_second (between u d s)). nra.
Qed.

Theorem binary_kl_bounds_distance : T5_upper_bound_binary.
Proof.
  intros k tau n a b inputs _ -> positive floor_a floor_b.
  assert (tau < 1).
  { pose proof (floor_a 0%nat 0%nat inputs ltac:(lia)). pose proof (floor_a 0%nat 1%nat inputs ltac:(lia)).
    pose proof (softmax_second (logit a 0)). unfold probability in *. lra. }
  rewrite Rmult_1_l. apply (Rmult_le_reg_l (tau * (1 - tau))); [nra|].
  replace (tau * (1 - tau) * (kl_divergence n 2 a b / tau / (1 - tau))) with (kl_divergence n 2 a b) by (field; lra).
  unfold squared_logit_distance, kl_divergence. rewrite <- mean_times.
  apply mean_at_most; [exact inputs|]. intros x inside.
  rewrite (squared_norm_equal 2 (difference 2 a b x) (centred 2 (fun y => logit a x y - logit b x y)))
    by (intros; apply difference_is_centred).
  apply binary_distance_by_kl; [exact positive | |]; intros y label;
    [exact (floor_a x y inside label) | exact (floor_b x y inside label)].
Qed.

(** ** 1/(tau (1 - tau)) is sharp for two labels: the label of probability tau gains eps *)

(** Upper bound of KL: with X = d - E_p d, KL = log E_p e^X <= E_p e^X - 1, the mean of the remainders of X. *)
Definition tilted (tau eps : R) (y : nat) : R := match y with 0%nat => ln tau + eps | _ => ln (1 - tau) end.

Lemma kl_of_tilt tau eps : 0 < tau < 1 -> 0 <= eps ->
  kl 2 (softmax 2 (tilted tau 0)) (softmax 2 (tilted tau eps)) <= tau * (1 - tau) * eps ^ 2 / 2 * exp eps.
Proof.
  intros inside small. rewrite kl_of_logits by lia. unfold expectation, softmax, tilted. simpl.
  rewrite !exp_plus, exp_0, !exp_ln by lra.
  replace (0 + tau * 1 + (1 - tau)) with 1 by ring. rewrite ln_1.
  set (mass := 0 + tau * exp eps + (1 - tau)).
  assert (0 < mass) by (unfold mass; pose proof (exp_pos eps); nra).
  replace (ln mass) with (ln (mass * exp (- (tau * eps))) + tau * eps)
    by (rewrite ln_mult, ln_exp; auto using exp_pos; ring).
  pose proof (log_below_tangent (mass * exp (- (tau * eps))) ltac:(apply Rmult_lt_0_compat; auto using exp_pos))
    as above.
  assert (split : mass * exp (- (tau * eps)) - 1
    = tau * remainder ((1 - tau) * eps) + (1 - tau) * remainder (- (tau * eps))).
  { unfold mass, remainder. replace ((1 - tau) * eps) with (eps + - (tau * eps)) by ring. rewrite exp_plus. ring. }
  pose proof (remainder_at_most_right ((1 - tau) * eps) ltac:(nra)).
  pose proof (remainder_at_most_left (- (tau * eps)) ltac:(nra)).
  assert (exp ((1 - tau) * eps) <= exp eps).
  { destruct (Req_dec eps 0) as [-> | ]; [rewrite Rmult_0_r; lra | left; apply exp_increasing; nra]. }
  pose proof (exp_above_tangent eps).
  assert (remainder ((1 - tau) * eps) <= exp eps * (((1 - tau) * eps) ^ 2 / 2)).
  { pose proof (pow2_ge_0 ((1 - tau) * eps)). nra. }
  assert (remainder (- (tau * eps)) <= exp eps * ((tau * eps) ^ 2 / 2)).
  { pose proof (pow2_ge_0 (tau * eps)). replace ((- (tau * eps)) ^ 2) with ((tau * eps) ^ 2) in * by ring. nra. }
  replace (tau * (1 - tau) * eps ^ 2 / 2 * exp eps)
    with (tau * (exp eps * (((1 - tau) * eps) ^ 2 / 2)) + (1 - tau) * (exp eps * ((tau * eps) ^ 2 / 2))) by field.
  assert (tau * remainder ((1 - tau) * eps) <= tau * (exp eps * (((1 - tau) * eps) ^ 2 / 2)))
    by (apply Rmult_le_compat_l; lra).
  assert ((1 - tau) * remainder (- (tau * eps)) <= (1 - tau) * (exp eps * ((tau * eps) ^ 2 / 2)))
    by (apply Rmult_le_compat_l; lra).
  lra.
Qed.

Lemma tilt_has_floor tau eps : 0 < tau < 1 -> 0 <= eps -> exp eps <= 1 + (1 - 2 * tau) / tau ^ 2 ->
  forall y, (y < 2)%nat -> tau <= softmax 2 (tilted tau eps) y.
Proof.
  intros inside small enough. pose proof (exp_above_tangent eps).
  assert (room : tau ^ 2 * (exp eps - 1) <= 1 - 2 * tau).
  { apply (Rmult_le_compat_l (tau ^ 2)) in enough; [|nra].
    replace (tau ^ 2 * (1 + (1 - 2 * tau) / tau ^ 2)) with (tau ^ 2 + (1 - 2 * tau)) in enough by (field; lra). lra. }
  assert (0 < tau * exp eps + (1 - tau)) by nra.
  assert (0 <= tau * (1 - tau) * (exp eps - 1)) by (apply Rmult_le_pos; nra).
  intros [|[|y]] label; [| |lia]; unfold softmax, tilted; simpl; rewrite exp_plus, !exp_ln by lra;
    apply (Rmult_le_reg_r (0 + tau * exp eps + (1 - tau))); try lra;
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; nra.
Qed.

Theorem binary_constant_is_sharp : T5_upper_bound_binary_sharp.
Proof.
  intros k tau -> positive below c bound. simpl (INR 2) in below.
  assert (inside : 0 < tau < 1) by lra.
  assert (some : 0 < (1 - 2 * tau) / tau ^ 2) by (apply Rdiv_lt_0_compat; nra).
  apply (at_most_in_the_limit 1 c (ln (1 + (1 - 2 * tau) / tau ^ 2))); [rewrite <- ln_1; apply ln_increasing; lra|].
  intros eps [small enough].
  assert (exp eps <= 1 + (1 - 2 * tau) / tau ^ 2).
  { rewrite <- (exp_ln (1 + (1 - 2 * tau) / tau ^ 2)) by lra.
    destruct enough as [less | ->]; [left; now apply exp_increasing | lra]. }
  set (a := model_of_one_input (tilted tau 0)). set (b := model_of_one_input (tilted tau eps)).
  specialize (bound 1%nat a b ltac:(lia) ltac:(lia) eq_refl positive).
  assert (distance : squared_logit_distance 1 2 a b = eps ^ 2 / 2).
  { unfold squared_logit_distance. rewrite mean_of_one.
    rewrite (squared_norm_equal 2 _ (centred 2 (fun y => tilted tau 0 y - tilted tau eps y))).
    - rewrite binary_squared_norm. simpl. field.
    - intros. rewrite difference_is_centred. apply centred_equal; auto. intros. unfold a, b.
      now rewrite !logit_of_one_input. }
  assert (divergence : kl_divergence 1 2 a b = kl 2 (softmax 2 (tilted tau 0)) (softmax 2 (tilted tau eps))).
  { unfold kl_divergence. rewrite mean_of_one. apply kl_equal; intros; apply probability_of_one_input. }
  rewrite distance, divergence in bound.
  assert (floors : floor 1 2 a tau /\ floor 1 2 b tau).
  { pose proof (exp_0). split; intros x y _ label; unfold a, b; rewrite probability_of_one_input;
      apply tilt_has_floor; auto; lra. }
  specialize (bound (proj1 floors) (proj2 floors)). pose proof (kl_of_tilt tau eps inside ltac:(lra)) as upper.
  assert (product : 0 < tau * (1 - tau)) by nra.
  apply (Rmult_le_compat_r (tau * (1 - tau))) in bound; [|lra].
  replace (c * (kl 2 (softmax 2 (tilted tau 0)) (softmax 2 (tilted tau eps)) / tau / (1 - tau)) * (tau * (1 - tau)))
    with (c * kl 2 (softmax 2 (tilted tau 0)) (softmax 2 (tilted tau eps))) in bound by (field; lra).
  pose proof (kl_nonnegative 2 _ _ (softmax_distribution 2 (tilted tau 0) ltac:(lia))
    (softmax_distribution 2 (tilted tau eps) ltac:(lia))).
  assert (0 < eps ^ 2) by nra. assert (0 < c) by nra.
  apply (Rmult_le_reg_l (tau * (1 - tau) * eps ^ 2 / 2)); [nra|]. nra.
Qed.
