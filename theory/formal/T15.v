(** * T15: KL between two quadratic forms *)

From Coq Require Import Reals Lra Lia Arith.
From Formal Require Import Sums Softmax Scalars Kl Statements T6 T5.
Open Scope R_scope.

(** ** What is proved

    Without a floor, Delta^T Sigma_w Delta <= sum w t^2 <= 2 KL <= sum max(p, p') t^2, with w = min(p, p') and
    t = log(p'/p). So the distance of logarithms clipped at eps is at most (2/eps) KL; and in the geometry of the
    teacher omega(-r) Var_p(Delta) <= KL <= omega(r) Var_p(Delta), r the range of Delta, hence
    Var_p(Delta) <= (2 + r) KL. *)

Example lower_form_says : T15_lower_form = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  overlap_form n k a b
  <= 2 * kl_divergence n k a b).
Proof. reflexivity. Qed.

Example best_constant_says : T15_best_constant = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  overlap_form n k a b
  <= smaller_form n k a b).
Proof. reflexivity. Qed.

Example lower_says : T15_lower = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  smaller_form n k a b
  <= 2 * kl_divergence n k a b).
Proof. reflexivity. Qed.

Example upper_says : T15_upper = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  2 * kl_divergence n k a b
  <= larger_form n k a b).
Proof. reflexivity. Qed.

Example clipped_says : T15_clipped = (
  forall (k : nat), forall (n : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat -> (3 <= k)%nat ->
  squared_clipped_distance n k (1 / 16) a b
  <= 32 * kl_divergence n k a b).
Proof. reflexivity. Qed.

Example clipped_low_says : T15_clipped_low = (
  forall (k : nat), forall (n : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat -> (3 <= k)%nat ->
  squared_clipped_distance n k (1 / 1024) a b
  <= 2048 * kl_divergence n k a b).
Proof. reflexivity. Qed.

Example fisher_below_says : T15_fisher_below = (
  forall (n k : nat) (a b : model) (range : nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  (forall x, (x < n)%nat -> range_at_most k (difference k a b x) (range x)) ->
  mean n (fun x => omega (- range x) * variance k (probability k a x) (difference k a b x))
  <= kl_divergence n k a b).
Proof. reflexivity. Qed.

Example fisher_above_says : T15_fisher_above = (
  forall (n k : nat) (a b : model) (range : nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  (forall x, (x < n)%nat -> range_at_most k (difference k a b x) (range x)) ->
  kl_divergence n k a b
  <= mean n (fun x => omega (range x) * variance k (probability k a x) (difference k a b x))).
Proof. reflexivity. Qed.

Example fisher_says : T15_fisher = (
  forall (n k : nat) (a b : model) (range : R),
  (0 < n)%nat -> (0 < k)%nat -> (forall x, (x < n)%nat -> range_at_most k (difference k a b x) range) ->
  squared_fisher_distance n k a b
  <= (2 + range) * kl_divergence n k a b).
Proof. reflexivity. Qed.

Example floor_by_rank_says : T15_floor_by_rank = (
  forall (n k : nat) (a b : model) (mu : nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  (forall x, (x < n)%nat -> 0 < mu x /\ forall u v, mu x * squared_norm k (spanned k a b u v)
     <= weighted_variance k (smaller_probability k a b x) (spanned k a b u v)) ->
  squared_logit_distance n k a b
  <= 2 * (mean n (fun x => kl k (probability k a x) (probability k b x) / mu x))).
Proof. reflexivity. Qed.

Example every_temperature_says : T15_every_temperature = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (0 < k)%nat ->
  4 ^ 2 * overlap_form n k (heated 4 a) (heated 4 b)
  <= 2 * (4 ^ 2 * kl_divergence n k (heated 4 a) (heated 4 b))).
Proof. reflexivity. Qed.

(** ** The two weighted sums of squares *)

Lemma squared_log_ratio k a b x y : (0 < k)%nat -> (y < k)%nat ->
  log_ratio k a b x y ^ 2 = (ln (probability k a x y) - ln (probability k b x y)) ^ 2.
Proof. intros. unfold log_ratio. rewrite log_of_ratio by now apply probability_positive. ring. Qed.

Lemma kl_at_least_smaller_form k a b x : (0 < k)%nat ->
  1 / 2 * sum k (fun y => smaller_probability k a b x y * log_ratio k a b x y ^ 2)
  <= kl k (probability k a x) (probability k b x).
Proof.
  intro labels. apply Rle_trans with (2 := kl_at_least_weighted k _ _ (probability_distribution k a x labels)
    (probability_distribution k b x labels)).
  right. f_equal. apply sum_equal. intros y inside. now rewrite squared_log_ratio.
Qed.

Lemma kl_at_most_larger_form k a b x : (0 < k)%nat ->
  kl k (probability k a x) (probability k b x)
  <= 1 / 2 * sum k (fun y => larger_probability k a b x y * log_ratio k a b x y ^ 2).
Proof.
  intro labels. apply Rle_trans with (1 := kl_at_most_weighted k _ _ (probability_distribution k a x labels)
    (probability_distribution k b x labels)).
  right. f_equal. apply sum_equal. intros y inside. now rewrite squared_log_ratio.
Qed.

Theorem kl_at_least_smaller : T15_lower.
Proof.
  intros n k a b inputs labels. unfold smaller_form, kl_divergence. rewrite <- mean_times.
  apply mean_at_most; [exact inputs|]. intros x _. pose proof (kl_at_least_smaller_form k a b x labels). lra.
Qed.

Theorem kl_at_most_larger : T15_upper.
Proof.
  intros n k a b inputs labels. unfold larger_form, kl_divergence. rewrite <- mean_times.
  apply mean_at_most; [exact inputs|]. intros x _. pose proof (kl_at_most_larger_form k a b x labels). lra.
Qed.

(** *** The form of the logit difference *)

Lemma weighted_covariance_equal k w u u' v v' : (forall y, (y < k)%nat -> u y = u' y) ->
  (forall y, (y < k)%nat -> v y = v' y) -> weighted_covariance k w u v = weighted_covariance k w u' v'.
Proof.
  intros left right. unfold weighted_covariance. f_equal; [apply sum_equal; intros; rewrite left, right; auto|].
  f_equal. f_equal; apply sum_equal; intros; [rewrite left | rewrite right]; auto.
Qed.

(** sum w (v - c)^2 = v^T Sigma_w v + (sum w) (weighted mean of v - c)^2 *)
Lemma weighted_variance_about k w v c : 0 < sum k w ->
  sum k (fun y => w y * (v y - c) ^ 2)
  = weighted_variance k w v + sum k w * (sum k (fun y => w y * v y) / sum k w - c) ^ 2.
Proof.
  intro mass. unfold weighted_variance, weighted_covariance.
  rewrite (sum_equal k (fun y => w y * (v y - c) ^ 2) (fun y => w y * v y * v y - 2 * c * (w y * v y) + c ^ 2 * w y))
    by (intros; ring).
  rewrite sum_plus, sum_minus, !sum_times. field. lra.
Qed.

Lemma weighted_variance_is_least k w v c : 0 < sum k w ->
  weighted_variance k w v <= sum k (fun y => w y * (v y - c) ^ 2).
Proof.
  intro mass. rewrite (weighted_variance_about k w v c mass).
  pose proof (pow2_ge_0 (sum k (fun y => w y * v y) / sum k w - c)). nra.
Qed.

Lemma weighted_variance_nonnegative k w v : 0 < sum k w -> (forall y, (y < k)%nat -> 0 <= w y) ->
  0 <= weighted_variance k w v.
Proof.
  intros mass nonnegative.
  set (m := sum k (fun y => w y * v y) / sum k w). pose proof (weighted_variance_about k w v m mass) as about.
  assert (0 <= sum k (fun y => w y * (v y - m) ^ 2)).
  { apply sum_nonnegative. intros. apply Rmult_le_pos; [auto | apply pow2_ge_0]. }
  fold m in about. replace (m - m) with 0 in about by ring. lra.
Qed.

Lemma smaller_probability_positive k a b x y : (0 < k)%nat -> (y < k)%nat -> 0 < smaller_probability k a b x y.
Proof. intros. apply Rmin_glb_lt; now apply probability_positive. Qed.

Lemma smaller_mass_positive k a b x : (0 < k)%nat -> 0 < sum k (smaller_probability k a b x).
Proof. intro labels. apply sum_positive; [exact labels|]. intros. now apply smaller_probability_positive. Qed.

(** t = c - Delta for some c(x), so the form of Delta is at most sum w t^2. *)
Lemma overlap_form_at_most_smaller_form k a b x : (0 < k)%nat ->
  weighted_variance k (smaller_probability k a b x) (difference k a b x)
  <= sum k (fun y => smaller_probability k a b x y * log_ratio k a b x y ^ 2).
Proof.
  intro labels.
  set (c := - mean k (fun z => ln (probability k a x z) - ln (probability k b x z))).
  apply Rle_trans with (1 := weighted_variance_is_least k _ (difference k a b x) c
    (smaller_mass_positive k a b x labels)).
  right. apply sum_equal. intros y inside. f_equal. rewrite squared_log_ratio by assumption.
  rewrite difference_of_log_probabilities by exact labels. unfold centred, c. ring.
Qed.

Theorem overlap_at_most_smaller : T15_best_constant.
Proof.
  intros n k a b inputs labels. apply mean_at_most; [exact inputs|]. intros.
  now apply overlap_form_at_most_smaller_form.
Qed.

Theorem kl_at_least_overlap : T15_lower_form.
Proof.
  intros n k a b inputs labels. pose proof (overlap_at_most_smaller n k a b inputs labels).
  pose proof (kl_at_least_smaller n k a b inputs labels). lra.
Qed.

(** The same at a temperature: it is a statement about all models. *)
Theorem every_temperature : T15_every_temperature.
Proof.
  intros n k a b inputs labels. pose proof (kl_at_least_overlap n k (heated 4 a) (heated 4 b) inputs labels). lra.
Qed.

(** With mu ||v||^2 <= v^T Sigma_w v on the span of both heads, where Delta lies: ||Delta||^2 <= 2 KL / mu. *)
Theorem floor_by_rank : T15_floor_by_rank.
Proof.
  intros n k a b mu inputs labels mass. unfold squared_logit_distance. rewrite <- mean_times.
  apply mean_at_most; [exact inputs|]. intros x inside. destruct (mass x inside) as [positive least].
  specialize (least (embedding a x) (fun i => - embedding b x i)).
  assert (same : forall y, (y < k)%nat ->
    spanned k a b (embedding a x) (fun i => - embedding b x i) y = difference k a b x y).
  { intros y _. unfold spanned, difference, centred_logit, image. rewrite dot_opposite. ring. }
  rewrite (squared_norm_equal k _ _ same) in least. unfold weighted_variance in least.
  rewrite (weighted_covariance_equal k _ _ _ _ _ same same) in least.
  fold (weighted_variance k (smaller_probability k a b x) (difference k a b x)) in least.
  pose proof (overlap_form_at_most_smaller_form k a b x labels). pose proof (kl_at_least_smaller_form k a b x labels).
  apply (Rmult_le_reg_l (mu x)); [exact positive|].
  replace (mu x * (2 * (kl k (probability k a x) (probability k b x) / mu x)))
    with (2 * kl k (probability k a x) (probability k b x)) by (field; lra). lra.
Qed.

(** ** The clipped distance

    Only terms with a probability of at least eps count. Where both are, the term of KL is at least eps t^2/2; where
    one is below, moving it up to eps lowers the term. *)

Lemma log_of_scaled e s : 0 < e -> 0 < s -> ln s = ln e + ln (s / e).
Proof. intros. rewrite log_of_ratio by assumption. ring. Qed.

(** The term falls as the second probability rises to the first. *)
Lemma term_falls p q q' : 0 < q -> q <= q' -> q' <= p -> term p q' <= term p q.
Proof.
  intros positive order below. unfold term.
  pose proof (log_below_tangent (q / q') ltac:(apply Rdiv_lt_0_compat; lra)) as tangent.
  rewrite log_of_ratio in tangent by lra.
  apply (Rmult_le_compat_l q') in tangent; [|lra].
  replace (q' * (q / q' - 1)) with (q - q') in tangent by (field; lra).
  assert (0 <= (p - q') * (ln q' - ln q)).
  { apply Rmult_le_pos; [lra|]. pose proof (log_order q q' positive order). lra. }
  nra.
Qed.

(** The term falls as the first probability rises to the second. *)
Lemma term_falls_in_first p p' q : 0 < p -> p <= p' -> p' <= q -> term p' q <= term p q.
Proof.
  intros positive order below. unfold term.
  pose proof (log_above (p / p') ltac:(apply Rdiv_lt_0_compat; lra)) as tangent.
  rewrite log_of_ratio in tangent by lra.
  apply (Rmult_le_compat_l p) in tangent; [|lra].
  replace (p * (1 - / (p / p'))) with (p - p') in tangent by (field; lra).
  assert (0 <= (p' - p) * (ln q - ln p')).
  { apply Rmult_le_pos; [lra|]. pose proof (log_order p' q ltac:(lra) below). lra. }
  nra.
Qed.

Lemma term_at_least_clipped p q eps : 0 < p -> 0 < q -> 0 < eps ->
  eps * ((ln (Rmax p eps) - ln (Rmax q eps)) ^ 2 / 2) <= term p q.
Proof.
  intros p_positive q_positive eps_positive.
  assert (high : forall s t, eps <= s -> eps <= t -> eps * ((ln s - ln t) ^ 2 / 2) <= term s t).
  { intros s t s_high t_high. apply Rle_trans with (2 := term_at_least s t ltac:(lra) ltac:(lra)).
    apply Rmult_le_compat_r; [|now apply Rmin_glb]. pose proof (pow2_ge_0 (ln s - ln t)). lra. }
  destruct (Rle_dec eps p) as [p_high | p_low], (Rle_dec eps q) as [q_high | q_low].
  - rewrite !Rmax_left by lra. auto.
  - rewrite (Rmax_left p), (Rmax_right q) by lra.
    apply Rle_trans with (term p eps); [apply high | apply term_falls]; lra.
  - rewrite (Rmax_right p), (Rmax_left q) by lra.
    apply Rle_trans with (term eps q); [apply high | apply term_falls_in_first]; lra.
  - rewrite !Rmax_right by lra. replace ((ln eps - ln eps) ^ 2 / 2) with 0 by field. rewrite Rmult_0_r.
    now apply term_nonnegative.
Qed.

Theorem clipped_distance_by_kl n k eps a b : (0 < n)%nat -> (0 < k)%nat -> 0 < eps ->
  squared_clipped_distance n k eps a b <= 2 / eps * kl_divergence n k a b.
Proof.
  intros inputs labels positive. apply (Rmult_le_reg_l (eps / 2)); [lra|].
  replace (eps / 2 * (2 / eps * kl_divergence n k a b)) with (kl_divergence n k a b) by (field; lra).
  unfold squared_clipped_distance, kl_divergence. rewrite <- mean_times.
  apply mean_at_most; [exact inputs|]. intros x _.
  rewrite kl_is_sum_of_terms by now apply probability_distribution. rewrite <- sum_times.
  apply sum_at_most. intros y inside.
  pose proof (term_at_least_clipped (probability k a x y) (probability k b x y) eps
    (probability_positive k a x y labels inside) (probability_positive k b x y labels inside) positive). lra.
Qed.

(** Two is sharp: where all probabilities are at least eps, the clipped distance is no less than the logit distance, and
    T5 is sharp. *)
Theorem clipped_distance_is_sharp k eps c : (3 <= k)%nat -> 0 < eps -> INR k * eps < 1 ->
  (forall n a b, (0 < n)%nat -> squared_clipped_distance n k eps a b <= c / eps * kl_divergence n k a b) -> 2 <= c.
Proof.
  intros three positive below bound. apply (two_over_tau_is_sharp k eps three positive below c).
  intros n a b inputs labels _ _ floor_a floor_b.
  replace (c * (kl_divergence n k a b / eps)) with (c / eps * kl_divergence n k a b) by (field; lra).
  apply Rle_trans with (2 := bound n a b inputs).
  apply mean_at_most; [exact inputs|]. intros x inside.
  rewrite (squared_norm_equal k (difference k a b x)
             (centred k (fun y => ln (probability k a x y) - ln (probability k b x y))))
    by (intros; now apply difference_of_log_probabilities).
  apply Rle_trans with (1 := centring_shortens k _ 0 labels). right. apply sum_equal. intros y label.
  rewrite !Rmax_left by auto. ring.
Qed.

(** The two values of eps that the catalogue tries: 1/16 and 1/1024. *)
Theorem clipped_distance : T15_clipped.
Proof.
  intros k n a b inputs labels _. pose proof (clipped_distance_by_kl n k (1 / 16) a b inputs labels ltac:(lra)). lra.
Qed.

Theorem clipped_distance_low : T15_clipped_low.
Proof.
  intros k n a b inputs labels _. pose proof (clipped_distance_by_kl n k (1 / 1024) a b inputs labels ltac:(lra)). lra.
Qed.

Lemma few_labels k most : (k < most)%nat -> INR k * (1 / INR most) < 1.
Proof.
  intro few. assert (0 < INR most) by (apply lt_0_INR; lia). apply lt_INR in few.
  apply (Rmult_lt_reg_r (INR most)); [assumption|].
  replace (INR k * (1 / INR most) * INR most) with (INR k) by (field; lra). lra.
Qed.

Theorem clipped_constant_is_sharp : T15_clipped_sharp.
Proof.
  intros k [three few] c bound. pose proof (few_labels k 16 few) as below.
  replace (INR 16) with 16 in below by (simpl; ring).
  assert (2 <= c / 16); [|lra]. apply (clipped_distance_is_sharp k (1 / 16) (c / 16) three ltac:(lra) below).
  intros n a b inputs. replace (c / 16 / (1 / 16)) with c by field. apply bound; lia.
Qed.

Theorem clipped_constant_is_sharp_low : T15_clipped_low_sharp.
Proof.
  intros k [three few] c bound. pose proof (few_labels k 1024 few) as below.
  replace (INR 1024) with 1024 in below by (rewrite INR_IZR_INZ; reflexivity).
  assert (2 <= c / 1024); [|lra]. apply (clipped_distance_is_sharp k (1 / 1024) (c / 1024) three ltac:(lra) below).
  intros n a b inputs. replace (c / 1024 / (1 / 1024)) with c by field. apply bound; lia.
Qed.

(** ** In the geometry of the teacher *)

(** With X = E_p Delta - Delta, KL = log E_p e^X <= E_p e^X - 1 = E_p [omega(X) X^2] <= omega(r) Var_p. *)

Lemma variance_about_mean k p v : sum k p = 1 ->
  variance k p v = sum k (fun y => p y * (expectation k p v - v y) ^ 2).
Proof.
  intro total. unfold variance. set (m := expectation k p v).
  rewrite (sum_equal k _ (fun y => m ^ 2 * p y - 2 * m * (p y * v y) + p y * v y ^ 2)) by (intros; ring).
  rewrite sum_plus, sum_minus, !sum_times, total. fold (expectation k p v). fold m.
  unfold expectation at 1. ring.
Qed.

(** A mean lies within the range. *)
Lemma mean_in_range k p v r y : distribution k p -> range_at_most k v r -> (y < k)%nat ->
  - r <= expectation k p v - v y <= r.
Proof.
  intros [positive total] range inside. unfold expectation.
  replace (v y) with (sum k (fun z => p z * v y)) by (rewrite sum_times_right, total; ring).
  rewrite <- sum_minus. split.
  - rewrite <- (Rmult_1_l (- r)), <- total, <- sum_times_right. apply sum_at_most. intros z z_inside.
    pose proof (positive z z_inside). pose proof (range y z inside z_inside). nra.
  - rewrite <- (Rmult_1_l r), <- total, <- sum_times_right. apply sum_at_most. intros z z_inside.
    pose proof (positive z z_inside). pose proof (range z y z_inside inside). nra.
Qed.

(** The centred log-ratio X = log(p'/p) + KL is the mean of Delta minus Delta. *)
Lemma centred_log_ratio k a b x y : (0 < k)%nat -> (y < k)%nat ->
  ln (probability k b x y) - ln (probability k a x y) + kl k (probability k a x) (probability k b x)
  = expectation k (probability k a x) (difference k a b x) - difference k a b x y.
Proof.
  intros labels inside. pose proof (probability_distribution k a x labels) as [positive total].
  pose proof (probability_distribution k b x labels) as [positive' _].
  set (p := probability k a x) in *. set (q := probability k b x) in *.
  set (m := mean k (fun z => ln (p z) - ln (q z))).
  assert (delta : forall z, difference k a b x z = ln (p z) - ln (q z) - m)
    by (intro; apply difference_of_log_probabilities; exact labels).
  rewrite delta. replace (expectation k p (difference k a b x)) with (kl k p q - m); [ring|].
  unfold expectation. rewrite (sum_equal k (fun z => p z * difference k a b x z)
    (fun z => p z * ln (p z / q z) - p z * m)).
  - rewrite sum_minus, sum_times_right, total. unfold kl. ring.
  - intros z z_inside. rewrite delta, log_of_ratio by auto. ring.
Qed.

Section OneInput.

Variables (k : nat) (a b : model) (x : nat) (r : R).
Hypothesis labels : (0 < k)%nat.
Hypothesis range : range_at_most k (difference k a b x) r.

Let p := probability k a x.
Let q := probability k b x.
Let X := fun y => expectation k p (difference k a b x) - difference k a b x y.

Lemma variance_is_mean_square : variance k p (difference k a b x) = sum k (fun y => p y * X y ^ 2).
Proof. apply variance_about_mean, probability_total, labels. Qed.

(** E_p e^X = e^KL *)
Lemma exponential_moment : sum k (fun y => p y * exp (X y)) = exp (kl k p q).
Proof.
  rewrite <- (Rmult_1_l (exp (kl k p q))), <- (probability_total k b x labels), <- sum_times_right.
  apply sum_equal. intros y inside. unfold X, p. rewrite <- centred_log_ratio by assumption.
  rewrite exp_plus, exp_of_log_ratio by now apply probability_positive.
  fold p q. field. apply Rgt_not_eq. unfold p. now apply probability_positive.
Qed.

Lemma mean_of_centred : sum k (fun y => p y * X y) = 0.
Proof.
  pose proof (probability_total k a x labels) as total. unfold X, expectation.
  rewrite (sum_equal k _ (fun y => p y * sum k (fun z => p z * difference k a b x z) - p y * difference k a b x y))
    by (intros; ring).
  rewrite sum_minus, sum_times_right. fold p in total. rewrite total. ring.
Qed.

Lemma kl_at_most_variance : kl k p q <= omega r * variance k p (difference k a b x).
Proof.
  rewrite variance_is_mean_square. apply Rle_trans with (sum k (fun y => p y * remainder (X y))).
  - (* KL <= e^KL - 1 = E_p (e^X - 1 - X) *)
    pose proof (exp_above_tangent (kl k p q)). unfold remainder.
    rewrite (sum_equal k _ (fun y => p y * exp (X y) - p y - p y * X y)) by (intros; ring).
    pose proof (probability_total k a x labels) as total. fold p in total.
    rewrite !sum_minus, exponential_moment, mean_of_centred, total. lra.
  - rewrite <- sum_times. apply sum_at_most. intros y inside. rewrite remainder_by_omega.
    assert (0 < p y) by now apply probability_positive.
    assert (0 <= p y * X y ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
    assert (omega (X y) <= omega r).
    { apply omega_increasing. apply (mean_in_range k p _ r y (probability_distribution k a x labels) range inside). }
    replace (p y * (omega (X y) * X y ^ 2)) with (omega (X y) * (p y * X y ^ 2)) by ring. now apply Rmult_le_compat_r.
Qed.

(** No log-ratio is below -r: p/p' is the mean under p of e^(differences of Delta). *)
Lemma log_ratio_at_least y : (y < k)%nat -> - r <= ln (q y) - ln (p y).
Proof.
  intro inside. assert (p_y : 0 < p y) by now apply probability_positive.
  assert (q_y : 0 < q y) by now apply probability_positive.
  assert (p y / q y <= exp r).
  { rewrite <- (Rmult_1_l (p y / q y)), <- (probability_total k b x labels), <- sum_times_right. fold q.
    rewrite <- (Rmult_1_l (exp r)), <- (probability_total k a x labels), <- sum_times_right. fold p.
    apply sum_at_most. intros z z_inside.
    assert (p_z : 0 < p z) by now apply probability_positive. assert (q_z : 0 < q z) by now apply probability_positive.
    assert (moved : q z * (p y / q y) = p z * exp ((ln (q z) - ln (p z)) - (ln (q y) - ln (p y)))).
    { unfold Rminus at 1. rewrite exp_plus, exp_Ropp, !exp_of_log_ratio by assumption. field. lra. }
    rewrite moved. apply Rmult_le_compat_l; [lra|].
    pose proof (centred_log_ratio k a b x z labels z_inside) as at_z.
    pose proof (centred_log_ratio k a b x y labels inside) as at_y.
    pose proof (range y z inside z_inside). fold p q in at_z, at_y.
    destruct (Req_dec (ln (q z) - ln (p z) - (ln (q y) - ln (p y))) r) as [-> | ]; [lra|].
    left. apply exp_increasing. lra. }
  assert (ln (p y) - ln (q y) <= r); [|lra].
  rewrite <- log_of_ratio by assumption. rewrite <- (ln_exp r). apply log_order; [|assumption].
  now apply Rdiv_lt_0_compat.
Qed.

Lemma kl_at_least_variance : omega (- r) * variance k p (difference k a b x) <= kl k p q.
Proof.
  pose proof (probability_distribution k a x labels) as full.
  pose proof (probability_distribution k b x labels) as full'.
  pose proof (omega_positive (- r)) as omega_positive.
  set (t := fun y => ln (q y) - ln (p y)).
  apply Rle_trans with (omega (- r) * sum k (fun y => p y * t y ^ 2)).
  - apply Rmult_le_compat_l; [lra|]. rewrite variance_is_mean_square.
    (* E X^2 = E t^2 - KL^2 *)
    assert (total : sum k p = 1) by apply full.
    assert (zero : sum k (fun y => p y * X y) = 0) by apply mean_of_centred.
    rewrite (sum_equal k (fun y => p y * t y ^ 2)
      (fun y => p y * X y ^ 2 - 2 * kl k p q * (p y * X y) + kl k p q ^ 2 * p y)).
    + rewrite sum_plus, sum_minus, !sum_times, total, zero. pose proof (pow2_ge_0 (kl k p q)). lra.
    + intros y inside. pose proof (centred_log_ratio k a b x y labels inside) as shifted. fold p q in shifted.
      fold (X y) in shifted. rewrite <- shifted. unfold t. ring.
  - rewrite (kl_is_sum_of_terms k p q full full'), <- sum_times. apply sum_at_most. intros y inside.
    rewrite term_by_remainder by (apply full || apply full'; exact inside). fold (t y). rewrite remainder_by_omega.
    assert (0 < p y) by now apply full.
    assert (omega (- r) <= omega (t y)) by (apply omega_increasing; now apply log_ratio_at_least).
    assert (0 <= p y * t y ^ 2) by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
    replace (p y * (omega (t y) * t y ^ 2)) with (omega (t y) * (p y * t y ^ 2)) by ring. now apply Rmult_le_compat_r.
Qed.

Lemma range_nonnegative : 0 <= r.
Proof. pose proof (range 0%nat 0%nat labels labels). lra. Qed.

Lemma variance_at_most_kl : variance k p (difference k a b x) <= (2 + r) * kl k p q.
Proof.
  pose proof (omega_of_opposite r range_nonnegative) as enough. pose proof range_nonnegative.
  assert (0 <= variance k p (difference k a b x)).
  { rewrite variance_is_mean_square. apply sum_nonnegative. intros y inside.
    apply Rmult_le_pos; [left; now apply probability_positive | apply pow2_ge_0]. }
  apply Rle_trans with ((2 + r) * (omega (- r) * variance k p (difference k a b x))).
  - nra.
  - apply Rmult_le_compat_l; [lra | exact kl_at_least_variance].
Qed.

End OneInput.

Theorem fisher_distance : T15_fisher.
Proof.
  intros n k a b r inputs labels range. unfold squared_fisher_distance, kl_divergence.
  rewrite <- mean_times. apply mean_at_most; [exact inputs|]. intros x inside.
  apply variance_at_most_kl; [exact labels | now apply range].
Qed.

Theorem fisher_lower : T15_fisher_below.
Proof.
  intros n k a b r inputs labels range. apply mean_at_most; [exact inputs|]. intros x inside.
  apply kl_at_least_variance; [exact labels | now apply range].
Qed.

Theorem fisher_upper : T15_fisher_above.
Proof.
  intros n k a b r inputs labels range. apply mean_at_most; [exact inputs|]. intros x inside.
  apply kl_at_most_variance; [exact labels | now apply range].
Qed.
