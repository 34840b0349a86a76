(** * Inequalities of one real variable

    A function that vanishes at zero and whose derivative is not negative is not negative to the right: every
    inequality here is an instance, or two of them. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(** ** Calculus *)

(** A function whose derivative is nowhere negative between a and b increases. *)
Lemma increasing_by_derivative f f' a b :
  a <= b -> (forall t, a <= t <= b -> is_derive f t (f' t)) -> (forall t, a <= t <= b -> 0 <= f' t) -> f a <= f b.
Proof.
  intros order derivative sign.
  destruct (MVT_gen f a b f') as [c [between change]].
  - intros t inside. rewrite Rmin_left, Rmax_right in inside by exact order. apply derivative. lra.
  - intros t inside. rewrite Rmin_left, Rmax_right in inside by exact order.
    apply continuity_pt_filterlim, (ex_derive_continuous f). exists (f' t). now apply derivative.
  - rewrite Rmin_left, Rmax_right in between by exact order. specialize (sign c between). nra.
Qed.

Lemma nonnegative_from_zero f f' t :
  f 0 = 0 -> (forall t, 0 <= t -> is_derive f t (f' t)) -> (forall t, 0 <= t -> 0 <= f' t) -> 0 <= t -> 0 <= f t.
Proof.
  intros start derivative sign right. rewrite <- start.
  apply (increasing_by_derivative f f'); [exact right | |]; intros; [apply derivative | apply sign]; lra.
Qed.

(** Taylor's remainder is monotone: of two functions on [0, 1], that with the smaller second derivative departs less
    from its tangent at zero. *)
Lemma remainder_monotone f f' f'' g g' g'' :
  (forall s, 0 <= s <= 1 -> is_derive f s (f' s)) -> (forall s, 0 <= s <= 1 -> is_derive f' s (f'' s)) ->
  (forall s, 0 <= s <= 1 -> is_derive g s (g' s)) -> (forall s, 0 <= s <= 1 -> is_derive g' s (g'' s)) ->
  (forall s, 0 <= s <= 1 -> f'' s <= g'' s) ->
  f 1 - f 0 - f' 0 <= g 1 - g 0 - g' 0.
Proof.
  intros df ddf dg ddg order.
  assert (slopes : forall s, 0 <= s <= 1 -> 0 <= (g' s - g' 0) - (f' s - f' 0)).
  { intros s inside.
    assert (g' 0 - f' 0 <= g' s - f' s); [|lra].
    apply (increasing_by_derivative (fun s => g' s - f' s) (fun s => g'' s - f'' s)); [lra | |].
    - intros t between. apply (is_derive_minus g' f'); [apply ddg | apply ddf]; lra.
    - intros t between. assert (f'' t <= g'' t) by (apply order; lra). lra. }
  assert ((g 0 - g' 0 * 0) - (f 0 - f' 0 * 0) <= (g 1 - g' 0 * 1) - (f 1 - f' 0 * 1)); [|lra].
  apply (increasing_by_derivative (fun s => (g s - g' 0 * s) - (f s - f' 0 * s))
           (fun s => (g' s - g' 0) - (f' s - f' 0))); [lra | | exact slopes].
  intros t between. apply (is_derive_minus (fun s => g s - g' 0 * s) (fun s => f s - f' 0 * s));
    [apply (is_derive_minus g (fun s => g' 0 * s)); [now apply dg|]
    | apply (is_derive_minus f (fun s => f' 0 * s)); [now apply df|]]; auto_derive; auto; ring.
Qed.

(** ** Logarithms *)

Lemma exp_above_tangent t : 1 + t <= exp t.
Proof.
  destruct (Req_dec t 0) as [-> | not_zero]; [rewrite exp_0; lra|]. left. now apply exp_ineq1.
Qed.

(** log x <= x - 1, and log x >= 1 - 1/x *)
Lemma log_below_tangent x : 0 < x -> ln x <= x - 1.
Proof. intro positive. pose proof (exp_above_tangent (ln x)). rewrite exp_ln in *; lra. Qed.

Lemma log_above x : 0 < x -> 1 - / x <= ln x.
Proof.
  intro positive. pose proof (log_below_tangent (/ x) (Rinv_0_lt_compat x positive)).
  rewrite ln_Rinv in *; lra.
Qed.

(** What holds up to a factor e^eps for every small eps > 0 holds. *)
Lemma at_most_in_the_limit a b most :
  0 < most -> (forall eps, 0 < eps <= most -> a <= b * exp eps) -> a <= b.
Proof.
  intros some nearly. destruct (Rle_dec a b) as [done | above]; [exact done|exfalso].
  destruct (Rle_dec b 0) as [not_positive | positive].
  - pose proof (nearly most ltac:(lra)). pose proof (exp_above_tangent most). nra.
  - assert (ratio : 1 < a / b) by (apply (Rmult_lt_reg_r b); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra).
    set (half := ln ((1 + a / b) / 2)).
    assert (half_positive : 0 < half) by (unfold half; rewrite <- ln_1; apply ln_increasing; lra).
    pose proof (nearly (Rmin half most)) as below.
    assert (below_half : exp (Rmin half most) <= exp half).
    { destruct (Rmin_l half most) as [less | equal]; [left; now apply exp_increasing | rewrite equal; lra]. }
    unfold half in below_half at 2. rewrite exp_ln in below_half by lra.
    assert (0 < Rmin half most <= most) by (split; [now apply Rmin_glb_lt | apply Rmin_r]).
    assert (b * (a / b) = a) by (field; lra). specialize (below ltac:(assumption)). nra.
Qed.

(** ** e^t - 1 - t between two parabolas *)

(** The remainder of the exponential after its tangent. *)
Definition remainder (t : R) : R := exp t - 1 - t.

Lemma remainder_nonnegative t : 0 <= remainder t.
Proof. unfold remainder. pose proof (exp_above_tangent t). lra. Qed.

Lemma remainder_at_least_right t : 0 <= t -> t ^ 2 / 2 <= remainder t.
Proof.
  intro right. assert (0 <= exp t - 1 - t - t ^ 2 / 2); [|unfold remainder; lra].
  apply (nonnegative_from_zero (fun t => exp t - 1 - t - t ^ 2 / 2) remainder); [| | |exact right].
  - rewrite exp_0. field.
  - intros s _. unfold remainder. auto_derive; auto. field.
  - intros s _. apply remainder_nonnegative.
Qed.

Lemma remainder_at_most_left t : t <= 0 -> remainder t <= t ^ 2 / 2.
Proof.
  intro left. unfold remainder.
  assert (mirrored : 0 <= (- t) ^ 2 / 2 - (exp (- - t) - 1 + - t)).
  { apply (nonnegative_from_zero (fun r => r ^ 2 / 2 - (exp (- r) - 1 + r)) (fun r => remainder (- r))); [| | |lra].
    - rewrite Ropp_0, exp_0. field.
    - intros s _. unfold remainder. auto_derive; auto. field.
    - intros s _. apply remainder_nonnegative. }
  rewrite Ropp_involutive in mirrored. nra.
Qed.

(** e^T (T - 1) + 1 >= T^2/2 for T >= 0 *)
Lemma entropy_remainder_at_least t : 0 <= t -> t ^ 2 / 2 <= exp t * (t - 1) + 1.
Proof.
  intro right. assert (0 <= exp t * (t - 1) + 1 - t ^ 2 / 2); [|lra].
  apply (nonnegative_from_zero (fun t => exp t * (t - 1) + 1 - t ^ 2 / 2) (fun t => t * (exp t - 1)));
    [| | |exact right].
  - rewrite exp_0. field.
  - intros s _. auto_derive; auto. field.
  - intros s positive. pose proof (exp_above_tangent s). apply Rmult_le_pos; lra.
Qed.

Lemma exp_times_opposite t : exp t * exp (- t) = 1.
Proof. rewrite <- exp_plus, Rplus_opp_r. apply exp_0. Qed.

(** The same, divided by e^T: e^t t^2/2 <= e^t - 1 - t for t <= 0. *)
Lemma remainder_at_least_left t : t <= 0 -> exp t * (t ^ 2 / 2) <= remainder t.
Proof.
  intro left. unfold remainder. pose proof (entropy_remainder_at_least (- t) ltac:(lra)) as scaled.
  pose proof (exp_times_opposite t). pose proof (exp_pos t).
  apply (Rmult_le_compat_l (exp t)) in scaled; [|lra].
  replace (exp t * (exp (- t) * (- t - 1) + 1)) with (exp t * exp (- t) * (- t - 1) + exp t) in scaled by ring.
  replace ((- t) ^ 2) with (t ^ 2) in scaled by ring. nra.
Qed.

Lemma remainder_at_most_right t : 0 <= t -> remainder t <= exp t * (t ^ 2 / 2).
Proof.
  intro right. unfold remainder.
  assert (scaled : 0 <= t ^ 2 / 2 - (1 - exp (- t) * (1 + t))).
  { apply (nonnegative_from_zero (fun t => t ^ 2 / 2 - (1 - exp (- t) * (1 + t))) (fun t => t * (1 - exp (- t))));
      [| | |exact right].
    - rewrite Ropp_0, exp_0. field.
    - intros s _. auto_derive; auto. field.
    - intros s positive. assert (exp (- s) <= 1) by
        (pose proof (exp_above_tangent s); pose proof (exp_times_opposite s); pose proof (exp_pos (- s)); nra).
      apply Rmult_le_pos; lra. }
  pose proof (exp_times_opposite t). pose proof (exp_pos t).
  apply (Rmult_le_compat_l (exp t)) in scaled; [|lra].
  replace (exp t * (t ^ 2 / 2 - (1 - exp (- t) * (1 + t))))
    with (exp t * (t ^ 2 / 2) - exp t + exp t * exp (- t) * (1 + t)) in scaled by ring. nra.
Qed.

(** ** The ratio of the remainder to t^2 increases *)

(** omega(t) = (e^t - 1 - t) / t^2, and 1/2 at zero. *)
Definition omega (t : R) : R := if Req_EM_T t 0 then 1 / 2 else remainder t / t ^ 2.

Lemma remainder_by_omega t : remainder t = omega t * t ^ 2.
Proof.
  unfold omega. destruct (Req_EM_T t 0) as [-> | not_zero].
  - unfold remainder. rewrite exp_0. ring.
  - field. exact not_zero.
Qed.

(** t r'(t) - 2 r(t) for r the remainder: the numerator of the derivative of r(t) / t^2, times t. *)
Lemma slope_right t : 0 <= t -> 0 <= exp t * (t - 2) + t + 2.
Proof.
  intro right.
  apply (nonnegative_from_zero (fun t => exp t * (t - 2) + t + 2) (fun t => exp t * (t - 1) + 1)); [| | |exact right].
  - rewrite exp_0. ring.
  - intros s _. auto_derive; auto. ring.
  - intros s positive. pose proof (entropy_remainder_at_least s positive). pose proof (pow2_ge_0 s). lra.
Qed.

Lemma slope_left t : t <= 0 -> exp t * (t - 2) + t + 2 <= 0.
Proof.
  intro left. pose proof (slope_right (- t) ltac:(lra)) as mirrored.
  pose proof (exp_times_opposite t). pose proof (exp_pos t).
  apply (Rmult_le_compat_l (exp t)) in mirrored; [|lra].
  replace (exp t * (exp (- t) * (- t - 2) + - t + 2))
    with (exp t * exp (- t) * (- t - 2) - exp t * (t - 2)) in mirrored by ring. nra.
Qed.

Lemma omega_increasing_one_side a b : a <= b -> (0 < a \/ b < 0) -> omega a <= omega b.
Proof.
  intros order side. unfold omega.
  destruct (Req_EM_T a 0), (Req_EM_T b 0); try lra.
  apply (increasing_by_derivative (fun t => remainder t / t ^ 2) (fun t => (exp t * (t - 2) + t + 2) / t ^ 3));
    [lra | |].
  - intros t between. unfold remainder. auto_derive; [nra|]. field. lra.
  - intros t between. destruct side as [positive | negative].
    + apply Rdiv_le_0_compat; [apply slope_right; lra | apply pow_lt; lra].
    + replace (_ / t ^ 3) with (- (exp t * (t - 2) + t + 2) / (- t) ^ 3) by (field; lra).
      pose proof (slope_left t). apply Rdiv_le_0_compat; [lra | apply pow_lt; lra].
Qed.

Lemma omega_at_least_half t : 0 <= t -> 1 / 2 <= omega t.
Proof.
  intro right. unfold omega. destruct (Req_EM_T t 0); [lra|].
  pose proof (remainder_at_least_right t right). assert (0 < t ^ 2) by (apply pow_lt; lra).
  apply (Rmult_le_reg_r (t ^ 2)); [assumption|]. unfold Rdiv at 2. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma omega_at_most_half t : t <= 0 -> omega t <= 1 / 2.
Proof.
  intro left. unfold omega. destruct (Req_EM_T t 0); [lra|].
  pose proof (remainder_at_most_left t left). assert (0 < t ^ 2) by nra.
  apply (Rmult_le_reg_r (t ^ 2)); [assumption|]. unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma omega_increasing a b : a <= b -> omega a <= omega b.
Proof.
  intro order. destruct (Rlt_dec 0 a); [apply omega_increasing_one_side; auto|].
  destruct (Rlt_dec b 0); [apply omega_increasing_one_side; auto|].
  pose proof (omega_at_most_half a ltac:(lra)). pose proof (omega_at_least_half b ltac:(lra)). lra.
Qed.

Lemma omega_positive t : 0 < omega t.
Proof.
  unfold omega. destruct (Req_EM_T t 0) as [_ | not_zero]; [lra|].
  apply Rdiv_lt_0_compat; [|destruct (Rlt_dec 0 t); nra].
  unfold remainder. pose proof (exp_ineq1 t not_zero). lra.
Qed.

(** 1 <= (2 + r) omega(-r) for r >= 0 *)
Lemma omega_of_opposite r : 0 <= r -> 1 <= (2 + r) * omega (- r).
Proof.
  intro right. unfold omega. destruct (Req_EM_T (- r) 0) as [zero | not_zero]; [lra|].
  assert (enough : 0 <= (2 + r) * exp (- r) + r - 2).
  { apply (nonnegative_from_zero (fun r => (2 + r) * exp (- r) + r - 2) (fun r => 1 - (1 + r) * exp (- r)));
      [| | |exact right].
    - rewrite Ropp_0, exp_0. ring.
    - intros s _. auto_derive; auto. ring.
    - intros s _. pose proof (exp_above_tangent s). pose proof (exp_times_opposite s). pose proof (exp_pos (- s)).
      nra. }
  apply (Rmult_le_reg_r (r ^ 2)); [nra|].
  replace ((2 + r) * (remainder (- r) / (- r) ^ 2) * r ^ 2) with ((2 + r) * remainder (- r)) by (field; lra).
  unfold remainder. lra.
Qed.
