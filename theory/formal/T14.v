(** * T14: flip thresholds: KL certifies top labels *)

From Coq Require Import Reals Lra Lia Arith Bool.
From Formal Require Import Sums Softmax Scalars Kl Statements T6 T8.
Open Scope R_scope.

(** ** What is proved

    Let p_1 and p_2 be the two largest probabilities of the teacher on an input. A student whose top label is another
    one, or tied, has KL(p || p') >= p_1 log(2 p_1/s) + p_2 log(2 p_2/s), s = p_1 + p_2, whatever the floor; and there
    is one that attains it. The same with the thresholds of the reversed KL and of the squared logit distance. So the
    sum of the thresholds over the inputs that are flipped is at most the sum of the divergences. *)

Example kl_says : T14_kl = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (2 <= k)%nat ->
  cost_of_flips n k kl_threshold a b
  <= 1 * kl_divergence n k a b).
Proof. reflexivity. Qed.

Example reversed_kl_says : T14_reversed_kl = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (2 <= k)%nat ->
  cost_of_flips n k reversed_kl_threshold a b
  <= 1 * kl_divergence n k b a).
Proof. reflexivity. Qed.

Example squared_logit_says : T14_squared_logit = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (2 <= k)%nat ->
  cost_of_flips n k squared_logit_threshold a b
  <= 1 * squared_logit_distance n k a b).
Proof. reflexivity. Qed.

Example total_variation_says : T14_total_variation = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (2 <= k)%nat ->
  cost_of_flips n k total_variation_threshold a b
  <= mean_total_variation n k a b).
Proof. reflexivity. Qed.

Example certified_says : T14_certified = (
  forall (n k : nat) (a b : model),
  (0 < n)%nat -> (2 <= k)%nat ->
  disagreement n k a b
  <= uncertified n k a b).
Proof. reflexivity. Qed.

Example sign_flips_cost_says : T14_sign_flips_cost = (
  forall (n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P ->
  cost_of_sign_flips n k P w a b
  <= squared_probe_norm k P w a * squared_logit_distance n k a b).
Proof. reflexivity. Qed.

(** ** The two largest probabilities *)

(** i is a label of the largest probability, j another one of the largest probability among the rest. *)
Definition on_top (k : nat) (p : nat -> R) (i j : nat) : Prop :=
  (i < k)%nat /\ (j < k)%nat /\ i <> j /\ (forall y, (y < k)%nat -> p y <= p i) /\
    (forall y, (y < k)%nat -> y <> i -> p y <= p j).

Lemma two_largest_of_one p : 0 < p 0%nat -> two_largest 1 p = (p 0%nat, 0).
Proof. intro positive. simpl. unfold greater. destruct (Rlt_dec 0 (p 0%nat)); [reflexivity | lra]. Qed.

Lemma two_largest_on_top k p : (2 <= k)%nat -> (forall y, (y < k)%nat -> 0 < p y) ->
  exists i j, on_top k p i j /\ two_largest k p = (p i, p j).
Proof.
  induction k as [|k step]; intros two positive; [lia|]. destruct (Nat.eq_dec k 1) as [-> | more].
  - (* two labels *)
    pose proof (positive 0%nat ltac:(lia)). pose proof (positive 1%nat ltac:(lia)).
    change (two_largest 2 p) with (let (first, second) := two_largest 1 p in
      if greater (p 1%nat) first then (p 1%nat, first) else (first, Rmax second (p 1%nat))).
    rewrite two_largest_of_one by assumption. unfold greater. destruct (Rlt_dec (p 0%nat) (p 1%nat)).
    + exists 1%nat, 0%nat. split; [|reflexivity]. repeat split; try lia; intros [|[|y]]; intros; try lia; lra.
    + exists 0%nat, 1%nat. rewrite Rmax_right by lra. split; [|reflexivity].
      repeat split; try lia; intros [|[|y]]; intros; try lia; lra.
  - (* one label more *)
    destruct (step ltac:(lia) ltac:(intros; apply positive; lia))
      as [i [j [[i_in [j_in [other [first second]]]] equal]]].
    simpl. rewrite equal. unfold greater. destruct (Rlt_dec (p i) (p k)).
    + exists k, i. split; [|reflexivity]. repeat split; try lia; intros y inside; intros.
      * destruct (Nat.eq_dec y k) as [-> |]; [lra|]. pose proof (first y ltac:(lia)). lra.
      * apply first. lia.
    + destruct (Rle_dec (p k) (p j)).
      * exists i, j. rewrite Rmax_left by lra. split; [|reflexivity].
        repeat split; try lia; intros y inside; intros; destruct (Nat.eq_dec y k) as [-> |]; auto; try lra;
          [apply first | apply second]; auto; lia.
      * exists i, k. rewrite Rmax_right by lra. split; [|reflexivity].
        repeat split; try lia; intros y inside; intros; destruct (Nat.eq_dec y k) as [-> |]; try lra.
        -- apply first. lia.
        -- pose proof (second y ltac:(lia) ltac:(assumption)). lra.
Qed.

(** ** What a tie between two labels costs *)

(** q with the masses of labels i and j replaced by a common one. *)
Definition tied (p : nat -> R) (i j : nat) (common : R) (y : nat) : R :=
  if (Nat.eqb i y || Nat.eqb j y)%bool then common else p y.

(** A sum over labels, of which two are set apart. *)
Lemma sum_without_two k f g i j : (i < k)%nat -> (j < k)%nat -> i <> j ->
  (forall y, (y < k)%nat -> y <> i -> y <> j -> f y = g y) -> sum k f - f i - f j = sum k g - g i - g j.
Proof.
  intros i_in j_in other same.
  assert (sum k (fun y => f y - g y) = (f i - g i) + (f j - g j)); [|rewrite sum_minus in *; lra].
  rewrite <- (sum_of_one k i (fun y => f y - g y) i_in), <- (sum_of_one k j (fun y => f y - g y) j_in), <- sum_plus.
  apply sum_equal. intros y inside.
  destruct (Nat.eqb_spec i y), (Nat.eqb_spec j y); subst; try congruence; try ring.
  rewrite same by auto. ring.
Qed.

Lemma tied_at p i j common : tied p i j common i = common /\ tied p i j common j = common.
Proof. unfold tied. rewrite !Nat.eqb_refl, orb_true_r. auto. Qed.

Lemma tied_elsewhere p i j common y : y <> i -> y <> j -> tied p i j common y = p y.
Proof. intros. unfold tied. destruct (Nat.eqb_spec i y), (Nat.eqb_spec j y); try congruence. reflexivity. Qed.

(** Gibbs' inequality with a third distribution: sum p log(q/q') <= 0 wherever sum p q'/q <= 1. Here q is p with the two
    labels at their mean, and q' any distribution in which j is no less probable than i. *)
Lemma kl_at_least_tie k p q i j : distribution k p -> distribution k q -> (i < k)%nat -> (j < k)%nat -> i <> j ->
  p j <= p i -> q i <= q j -> kl_threshold (p i, p j) <= kl k p q.
Proof.
  intros [p_positive p_total] [q_positive q_total] i_in j_in other order swapped.
  pose proof (p_positive i i_in). pose proof (p_positive j j_in). set (half := (p i + p j) / 2).
  set (m := tied p i j half).
  destruct (tied_at p i j half) as [at_i at_j]. fold m in at_i, at_j.
  assert (m_positive : forall y, (y < k)%nat -> 0 < m y).
  { intros y inside. unfold m, tied, half. destruct (_ || _)%bool; [lra | auto]. }
  (* KL(p || q) = sum p log(p/m) + sum p log(m/q), and the first sum is the threshold. *)
  assert (split : kl k p q = sum k (fun y => p y * ln (p y / m y)) + sum k (fun y => p y * ln (m y / q y))).
  { unfold kl. rewrite <- sum_plus. apply sum_equal. intros y inside. rewrite !log_of_ratio by auto. ring. }
  assert (cost : sum k (fun y => p y * ln (p y / m y)) = kl_threshold (p i, p j)).
  { pose proof (sum_without_two k (fun y => p y * ln (p y / m y)) (fun _ => 0) i j i_in j_in other) as two.
    rewrite sum_constant, at_i, at_j in two. unfold kl_threshold. simpl.
    replace (2 * p i / (p i + p j)) with (p i / half) by (unfold half; field; lra).
    replace (2 * p j / (p i + p j)) with (p j / half) by (unfold half; field; lra).
    assert (forall y, (y < k)%nat -> y <> i -> y <> j -> p y * ln (p y / m y) = 0).
    { intros y inside not_i not_j. unfold m. rewrite tied_elsewhere by assumption.
      unfold Rdiv. rewrite Rinv_r by (apply Rgt_not_eq, p_positive, inside). rewrite ln_1. ring. }
    specialize (two ltac:(assumption)). lra. }
  (* log(m/q) >= 1 - q/m, and sum p (1 - q/m) >= 0 since p and q order the two labels oppositely. *)
  assert (gain : sum k (fun y => p y - p y * q y / m y) <= sum k (fun y => p y * ln (m y / q y))).
  { apply sum_at_most. intros y inside. pose proof (log_above (m y / q y) ltac:(apply Rdiv_lt_0_compat; auto)).
    pose proof (p_positive y inside). pose proof (q_positive y inside). pose proof (m_positive y inside).
    replace (p y - p y * q y / m y) with (p y * (1 - / (m y / q y))) by (field; lra). apply Rmult_le_compat_l; lra. }
  assert (rearranged : sum k (fun y => p y * q y / m y) <= 1).
  { pose proof (sum_without_two k (fun y => p y * q y / m y) q i j i_in j_in other) as two.
    cbv beta in two. rewrite at_i, at_j, q_total in two.
    assert (forall y, (y < k)%nat -> y <> i -> y <> j -> p y * q y / m y = q y).
    { intros y inside not_i not_j. unfold m. rewrite tied_elsewhere by assumption. pose proof (p_positive y inside).
      field. lra. }
    specialize (two ltac:(assumption)).
    assert (p i * q i / half + p j * q j / half <= q i + q j).
    { apply (Rmult_le_reg_r half); [unfold half; lra|].
      replace ((p i * q i / half + p j * q j / half) * half) with (p i * q i + p j * q j) by (unfold half; field; lra).
      unfold half. nra. }
    lra. }
  rewrite sum_minus, p_total in gain. lra.
Qed.

(** The tie at the mean attains it. *)
Theorem kl_threshold_attained k p i j : distribution k p -> (i < k)%nat -> (j < k)%nat -> i <> j ->
  exists q, distribution k q /\ q i = q j /\ kl k p q = kl_threshold (p i, p j).
Proof.
  intros [positive total] i_in j_in other. pose proof (positive i i_in). pose proof (positive j j_in).
  set (half := (p i + p j) / 2). exists (tied p i j half). destruct (tied_at p i j half) as [at_i at_j].
  repeat split.
  - intros y inside. unfold tied, half. destruct (_ || _)%bool; [lra | auto].
  - pose proof (sum_without_two k (tied p i j half) p i j i_in j_in other) as two.
    rewrite at_i, at_j in two. specialize (two ltac:(intros; now apply tied_elsewhere)). unfold half in *. lra.
  - now rewrite at_i, at_j.
  - unfold kl. pose proof (sum_without_two k (fun y => p y * ln (p y / tied p i j half y)) (fun _ => 0) i j i_in j_in
      other) as two.
    rewrite sum_constant, at_i, at_j in two. unfold kl_threshold. simpl.
    replace (2 * p i / (p i + p j)) with (p i / half) by (unfold half; field; lra).
    replace (2 * p j / (p i + p j)) with (p j / half) by (unfold half; field; lra).
    assert (forall y, (y < k)%nat -> y <> i -> y <> j -> p y * ln (p y / tied p i j half y) = 0).
    { intros y inside not_i not_j. rewrite tied_elsewhere by assumption.
      unfold Rdiv. rewrite Rinv_r by (apply Rgt_not_eq, positive, inside). rewrite ln_1. ring. }
    specialize (two ltac:(assumption)). lra.
Qed.

(** ** The runner-up is the cheapest: the threshold falls as the second probability rises *)

Lemma kl_threshold_falls first low high : 0 < low -> low <= high -> high <= first ->
  kl_threshold (first, high) <= kl_threshold (first, low).
Proof.
  intros positive order top. unfold kl_threshold. simpl.
  (* The threshold is convex in its second argument, with slope log(2 high/(first + high)) <= 0 at high. *)
  assert (slope : ln (2 * high / (first + high)) <= 0).
  { rewrite <- ln_1. apply log_order; [apply Rdiv_lt_0_compat; lra|].
    apply (Rmult_le_reg_r (first + high)); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra. }
  rewrite !log_of_ratio, !ln_mult by lra. rewrite log_of_ratio, ln_mult in slope by lra.
  pose proof (log_above ((first + high) / (first + low)) ltac:(apply Rdiv_lt_0_compat; lra)) as first_above.
  pose proof (log_above (low * (first + high) / (high * (first + low)))
    ltac:(apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; lra)) as second_above.
  rewrite log_of_ratio in first_above by lra.
  rewrite log_of_ratio, !ln_mult in second_above by (try apply Rmult_lt_0_compat; lra).
  apply (Rmult_le_compat_l first) in first_above; [|lra]. apply (Rmult_le_compat_l low) in second_above; [|lra].
  assert (balance : first * (1 - / ((first + high) / (first + low)))
                    + low * (1 - / (low * (first + high) / (high * (first + low)))) = 0) by (field; lra).
  nra.
Qed.

(** On one input, where the top labels differ. *)
Lemma differing_labels k u u' p q : distribution k p -> distribution k q ->
  (forall y z, (y < k)%nat -> (z < k)%nat -> u z < u y <-> p z < p y) ->
  (forall y z, (y < k)%nat -> (z < k)%nat -> u' z < u' y <-> q z < q y) ->
  top_labels_differ k u u' = true -> forall i j, on_top k p i j -> p j < p i ->
  exists z, (z < k)%nat /\ z <> i /\ q i <= q z /\ p z <= p j.
Proof.
  intros full full' order order' differ i j [i_in [j_in [other [first second]]]] ahead.
  unfold top_labels_differ in differ. apply negb_true_iff in differ.
  pose proof (some_label_false _ _ i differ i_in) as not_both. apply andb_false_iff in not_both.
  destruct not_both as [not_first | not_second].
  - destruct (leads_false _ _ _ _ not_first) as [z [z_in [z_other behind]]].
    pose proof (second z z_in z_other). assert (u z < u i) by (apply order; auto; lra). lra.
  - destruct (leads_false _ _ _ _ not_second) as [z [z_in [z_other behind]]]. exists z. repeat split; auto.
    apply Rnot_lt_le. intro above. apply order' in above; auto. lra.
Qed.

(** ** The threshold of the reversed KL: the two labels at their geometric mean *)

Lemma reversed_kl_at_least_tie k p q i j : distribution k p -> distribution k q -> (i < k)%nat -> (j < k)%nat ->
  i <> j ->
  p j <= p i -> q i <= q j -> reversed_kl_threshold (p i, p j) <= kl k q p.
Proof.
  intros [p_positive p_total] [q_positive q_total] i_in j_in other order swapped.
  pose proof (p_positive i i_in) as pi. pose proof (p_positive j j_in) as pj.
  set (g := sqrt (p i) * sqrt (p j)). set (m := tied p i j g).
  assert (g_positive : 0 < g) by (apply Rmult_lt_0_compat; now apply sqrt_lt_R0).
  destruct (tied_at p i j g) as [at_i at_j]. fold m in at_i, at_j.
  assert (m_positive : forall y, (y < k)%nat -> 0 < m y).
  { intros y inside. unfold m, tied. destruct (_ || _)%bool; auto. }
  set (Z := sum k m). assert (Z_positive : 0 < Z) by (apply sum_positive; [lia | exact m_positive]).
  assert (mass : 1 - (sqrt (p i) - sqrt (p j)) ^ 2 = Z).
  { pose proof (sum_without_two k m p i j i_in j_in other (fun y _ => tied_elsewhere p i j g y)) as two.
    rewrite at_i, at_j, p_total in two. fold Z in two. unfold g in two.
    pose proof (sqrt_sqrt (p i) ltac:(lra)). pose proof (sqrt_sqrt (p j) ltac:(lra)). nra. }
  unfold reversed_kl_threshold. simpl fst. simpl snd. rewrite mass.
  (* sum q log(q/m) >= - log Z *)
  assert (gibbs : - ln Z <= sum k (fun y => q y * ln (q y / m y))).
  { apply Rle_trans with (sum k (fun y => q y - / Z * m y - ln Z * q y)).
    - rewrite !sum_minus, !sum_times, q_total. fold Z. rewrite Rinv_l by lra. lra.
    - apply sum_at_most. intros y inside. pose proof (q_positive y inside). pose proof (m_positive y inside).
      pose proof (log_above (q y / m y * Z)
        ltac:(apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat|]; assumption)) as above.
      rewrite ln_mult in above by (auto; apply Rdiv_lt_0_compat; assumption).
      apply (Rmult_le_compat_l (q y)) in above; [|lra].
      replace (q y * (1 - / (q y / m y * Z))) with (q y - / Z * m y) in above by (field; lra). lra. }
  (* sum q log(m/p) = (q_j - q_i) log(p_i/p_j) / 2 *)
  assert (gain : 0 <= sum k (fun y => q y * ln (m y / p y))).
  { pose proof (sum_without_two k (fun y => q y * ln (m y / p y)) (fun _ => 0) i j i_in j_in other) as two.
    rewrite sum_constant, at_i, at_j in two.
    assert (forall y, (y < k)%nat -> y <> i -> y <> j -> q y * ln (m y / p y) = 0).
    { intros y inside not_i not_j. unfold m. rewrite tied_elsewhere by assumption.
      unfold Rdiv. rewrite Rinv_r by (apply Rgt_not_eq, p_positive, inside). rewrite ln_1. ring. }
    specialize (two ltac:(assumption)).
    assert (roots : ln g = (ln (p i) + ln (p j)) / 2).
    { unfold g. rewrite <- (sqrt_sqrt (p i)) at 2 by lra. rewrite <- (sqrt_sqrt (p j)) at 2 by lra.
      rewrite !ln_mult by (now apply sqrt_lt_R0). field. }
    rewrite !log_of_ratio, roots in two by assumption. pose proof (log_order (p j) (p i) pj order). nra. }
  replace (kl k q p) with (sum k (fun y => q y * ln (q y / m y)) + sum k (fun y => q y * ln (m y / p y))); [lra|].
  unfold kl. rewrite <- sum_plus. apply sum_equal. intros y inside. rewrite !log_of_ratio by auto. ring.
Qed.

Lemma reversed_kl_threshold_falls first low high : 0 < low -> low <= high -> high <= first ->
  1 - (sqrt first - sqrt low) ^ 2 > 0 -> reversed_kl_threshold (first, high) <= reversed_kl_threshold (first, low).
Proof.
  intros positive order top room. unfold reversed_kl_threshold. simpl fst. simpl snd.
  pose proof (sqrt_le_1 low high ltac:(lra) ltac:(lra) order).
  pose proof (sqrt_le_1 high first ltac:(lra) ltac:(lra) top).
  apply Ropp_le_contravar, log_order; nra.
Qed.

(** ** On one input *)

Lemma probability_order k a x y z : (0 < k)%nat ->
  centred_logit k a x z < centred_logit k a x y <-> probability k a x z < probability k a x y.
Proof.
  intro labels. rewrite !centred_logit_is_centred. unfold centred, probability, softmax.
  pose proof (partition_positive k (logit a x) labels).
  assert (0 < / sum k (fun z => exp (logit a x z))) by now apply Rinv_0_lt_compat.
  split; intro order.
  - apply Rmult_lt_compat_r; [assumption|]. apply exp_increasing. lra.
  - apply Rmult_lt_reg_r in order; [|assumption]. apply exp_lt_inv in order. lra.
Qed.

(** What is shown of two labels in exchanged order is shown of every input on which the top labels differ. *)
Lemma flip_cost k a b x (threshold : R * R -> R) (cost : R) : (2 <= k)%nat ->
  let p := probability k a x in let q := probability k b x in
  (forall i j z, on_top k p i j -> p j < p i -> (z < k)%nat -> z <> i -> q i <= q z -> p z <= p j ->
     threshold (p i, p j) <= cost) ->
  (forall t, 0 < t -> threshold (t, t) <= cost) ->
  top_labels_differ k (centred_logit k a x) (centred_logit k b x) = true -> threshold (two_largest k p) <= cost.
Proof.
  intros two p q exchanged_order tie differ. assert (labels : (0 < k)%nat) by lia.
  pose proof (probability_distribution k a x labels) as full.
  pose proof (probability_distribution k b x labels) as full'.
  destruct (two_largest_on_top k p two (proj1 full)) as [i [j [top ->]]].
  destruct (Rlt_dec (p j) (p i)) as [ahead | level].
  - destruct (differing_labels k _ _ p q full full' (fun y z _ _ => probability_order k a x y z labels)
      (fun y z _ _ => probability_order k b x y z labels) differ i j top ahead)
        as [z [z_in [z_other [q_order p_order]]]].
    now apply (exchanged_order i j z).
  - destruct top as [i_in [j_in [_ [first _]]]]. pose proof (first j j_in).
    replace (p j) with (p i) by lra. apply tie. now apply full.
Qed.

Lemma cost_of_flips_at_most n k threshold a b c (cost : nat -> R) : (0 < n)%nat ->
  (forall x, (x < n)%nat -> 0 <= cost x) ->
  (forall x, (x < n)%nat -> top_labels_differ k (centred_logit k a x) (centred_logit k b x) = true ->
     threshold (two_largest k (probability k a x)) <= cost x) -> mean n cost = c -> cost_of_flips n k threshold a b
       <= c.
Proof.
  intros inputs nonnegative pointwise <-. apply mean_at_most; [exact inputs|]. intros x inside.
  specialize (nonnegative x inside). specialize (pointwise x inside). destruct (top_labels_differ _ _ _); auto.
Qed.

Lemma pointwise_kl k a b x : (2 <= k)%nat -> top_labels_differ k (centred_logit k a x) (centred_logit k b x) = true ->
  kl_threshold (two_largest k (probability k a x)) <= kl k (probability k a x) (probability k b x).
Proof.
  intros two. assert (labels : (0 < k)%nat) by lia.
  pose proof (probability_distribution k a x labels) as full.
  pose proof (probability_distribution k b x labels) as full'.
  apply flip_cost; [exact two | |].
  - intros i j z [i_in [j_in [_ [first _]]]] ahead z_in z_other q_order p_order.
    apply Rle_trans with (kl_threshold (probability k a x i, probability k a x z)).
    + apply kl_threshold_falls; [now apply full | exact p_order | lra].
    + apply kl_at_least_tie; auto; lra.
  - intros t positive. unfold kl_threshold. simpl. replace (2 * t / (t + t)) with 1 by (field; lra). rewrite ln_1.
    pose proof (kl_nonnegative k _ _ full full'). lra.
Qed.

Lemma pointwise_reversed_kl k a b x : (2 <= k)%nat -> top_labels_differ k (centred_logit k a x) (centred_logit k b x)
  = true ->
  reversed_kl_threshold (two_largest k (probability k a x)) <= kl k (probability k b x) (probability k a x).
Proof.
  intros two. assert (labels : (0 < k)%nat) by lia.
  pose proof (probability_distribution k a x labels) as full.
  pose proof (probability_distribution k b x labels) as full'.
  apply flip_cost; [exact two | |].
  - intros i j z [i_in [j_in [_ [first _]]]] ahead z_in z_other q_order p_order.
    pose proof (proj1 full i i_in) as i_positive. pose proof (proj1 full z z_in) as z_positive.
    apply Rle_trans with (reversed_kl_threshold (probability k a x i, probability k a x z)).
    + apply reversed_kl_threshold_falls; [exact z_positive | exact p_order | lra |].
      pose proof (two_terms_at_most_sum k (probability k a x) i z (fun l l_in => Rlt_le _ _ (proj1 full l l_in)) i_in
        z_in
        (not_eq_sym z_other)) as together. rewrite (proj2 full) in together.
      pose proof (sqrt_sqrt (probability k a x i) ltac:(lra)). pose proof (sqrt_sqrt (probability k a x z) ltac:(lra)).
      pose proof (sqrt_lt_R0 _ i_positive). pose proof (sqrt_lt_R0 _ z_positive). nra.
    + apply reversed_kl_at_least_tie; auto; lra.
  - intros t positive. unfold reversed_kl_threshold. simpl fst. simpl snd.
    replace (1 - (sqrt t - sqrt t) ^ 2) with 1 by ring. rewrite ln_1, Ropp_0. now apply kl_nonnegative.
Qed.

Lemma pointwise_squared_logit k a b x : (2 <= k)%nat ->
  top_labels_differ k (centred_logit k a x) (centred_logit k b x) = true ->
  squared_logit_threshold (two_largest k (probability k a x)) <= squared_norm k (difference k a b x).
Proof.
  intros two. assert (labels : (0 < k)%nat) by lia.
  pose proof (probability_distribution k a x labels) as full.
  pose proof (probability_distribution k b x labels) as full'.
  apply flip_cost; [exact two | |].
  - intros i j z [i_in [j_in [_ [first _]]]] ahead z_in z_other q_order p_order.
    pose proof (two_terms_at_most_sum k (fun y => difference k a b x y ^ 2) i z (fun l _ => pow2_ge_0 _) i_in z_in
      (not_eq_sym z_other)) as together.
    fold (squared_norm k (difference k a b x)) in together. cbv beta in together.
    unfold squared_logit_threshold. simpl fst. simpl snd. rewrite log_of_ratio by (apply full; assumption).
    rewrite !difference_of_log_probabilities in together by exact labels. unfold centred in together.
    pose proof (log_order _ _ (proj1 full z z_in) p_order). pose proof (log_order _ _ (proj1 full' i i_in) q_order).
    pose proof (log_order _ _ (proj1 full j j_in) (Rlt_le _ _ ahead)).
    set (shift := mean k _) in together.
    set (di := ln (probability k a x i) - ln (probability k b x i) - shift) in *.
    set (dz := ln (probability k a x z) - ln (probability k b x z) - shift) in *.
    assert (ln (probability k a x i) - ln (probability k a x j) <= di - dz) by (unfold di, dz; lra).
    pose proof (pow2_ge_0 (di + dz)). nra.
  - intros t positive. unfold squared_logit_threshold. simpl fst. simpl snd.
    replace (t / t) with 1 by (field; lra). rewrite ln_1.
    pose proof (squared_norm_nonnegative k (difference k a b x)). lra.
Qed.

Lemma pointwise_total_variation k a b x : (2 <= k)%nat ->
  top_labels_differ k (centred_logit k a x) (centred_logit k b x) = true ->
  total_variation_threshold (two_largest k (probability k a x))
  <= sum k (fun y => Rabs (probability k a x y - probability k b x y)) / 2.
Proof.
  intros two. set (p := probability k a x). set (q := probability k b x).
  assert (positive : forall l, (l < k)%nat -> 0 <= Rabs (p l - q l)) by (intros; apply Rabs_pos).
  apply flip_cost; [exact two | |].
  - fold p q. intros i j z [i_in [j_in [_ [first _]]]] ahead z_in z_other q_order p_order.
    pose proof (two_terms_at_most_sum k (fun y => Rabs (p y - q y)) i z positive i_in z_in (not_eq_sym z_other)).
    pose proof (Rle_abs (p i - q i)). pose proof (Rle_abs (- (p z - q z))) as other. rewrite Rabs_Ropp in other.
    unfold total_variation_threshold. simpl in *. lra.
  - intros t _. unfold total_variation_threshold. simpl. pose proof (sum_nonnegative k _ positive). lra.
Qed.

(** ** The theorems *)

Theorem flips_cost_kl : T14_kl.
Proof.
  intros n k a b inputs two. rewrite Rmult_1_l.
  apply (cost_of_flips_at_most _ _ _ _ _ _ (fun x => kl k (probability k a x) (probability k b x))); auto.
  - intros. apply kl_nonnegative; apply probability_distribution; lia.
  - intros. now apply pointwise_kl.
Qed.

Theorem flips_cost_reversed_kl : T14_reversed_kl.
Proof.
  intros n k a b inputs two. rewrite Rmult_1_l.
  apply (cost_of_flips_at_most _ _ _ _ _ _ (fun x => kl k (probability k b x) (probability k a x))); auto.
  - intros. apply kl_nonnegative; apply probability_distribution; lia.
  - intros. now apply pointwise_reversed_kl.
Qed.

Theorem flips_cost_squared_logit : T14_squared_logit.
Proof.
  intros n k a b inputs two. rewrite Rmult_1_l.
  apply (cost_of_flips_at_most _ _ _ _ _ _ (fun x => squared_norm k (difference k a b x))); auto.
  - intros. apply squared_norm_nonnegative.
  - intros. now apply pointwise_squared_logit.
Qed.

Theorem flips_cost_total_variation : T14_total_variation.
Proof.
  intros n k a b inputs two.
  apply (cost_of_flips_at_most _ _ _ _ _ _
    (fun x => sum k (fun y => Rabs (probability k a x y - probability k b x y)) / 2)); auto.
  - intros. pose proof (sum_nonnegative k (fun y => Rabs (probability k a x y - probability k b x y))
      (fun _ _ => Rabs_pos _)). lra.
  - intros. now apply pointwise_total_variation.
Qed.

(** A probe whose sign flips has moved by at least its value. *)
Theorem flips_of_sign_cost : T14_sign_flips_cost.
Proof.
  intros n k a b P w inputs labels inverse.
  apply Rle_trans with (probe_error n k P w a b);
    [|pose proof (probes_transfer n k a b P w inputs labels inverse); lra].
  apply mean_at_most; [exact inputs|]. intros x _. unfold probe_gap.
  set (v := probe_value w a x). set (v' := probe_value (transported k P a b w) b x).
  unfold greater. destruct (Rlt_dec 0 v), (Rlt_dec 0 v'); simpl xorb; cbv iota; try apply pow2_ge_0.
  - assert (v' <= 0) by lra. nra.
  - assert (v <= 0) by lra. nra.
Qed.

(** The relation is symmetric: the top labels of b and a differ where those of a and b do. *)
Lemma leads_monotone_swap k u u' : top_labels_differ k u u' = top_labels_differ k u' u.
Proof.
  unfold top_labels_differ. f_equal.
  assert (forall n, some_label n (fun y => leads k u y 0 && leads k u' y 0)%bool
                    = some_label n (fun y => leads k u' y 0 && leads k u y 0)%bool); [|auto].
  induction n as [|n step]; [reflexivity|]. simpl. rewrite step. f_equal. apply andb_comm.
Qed.

Theorem certified_inputs_keep_their_label : T14_certified.
Proof.
  intros n k a b inputs two. unfold disagreement, uncertified, share. apply mean_at_most; [exact inputs|]. intros x _.
  destruct (top_labels_differ k (centred_logit k a x) (centred_logit k b x)) eqn:differ.
  - pose proof (pointwise_kl k a b x two differ). rewrite leads_monotone_swap in differ.
    pose proof (pointwise_reversed_kl k b a x two differ).
    unfold greater. destruct (Rlt_dec _ _) as [below | _]; simpl; [|lra].
    pose proof (Rmax_lub _ _ _ H H0). lra.
  - destruct (negb _); lra.
Qed.

(** ** Each is attained: a coin that comes up fair *)

Lemma fair_coin_is_tied y : (y < 2)%nat -> leads 2 (centred_logit 2 (coin 0) 0) y 0 = false.
Proof.
  intro inside. apply not_true_is_false. intro lead.
  pose proof (leads_true _ _ _ _ lead (1 - y)%nat ltac:(lia) ltac:(lia)) as ahead.
  rewrite !centred_logit_is_centred in ahead. unfold centred, coin in ahead. rewrite !logit_of_one_input in ahead.
  destruct y as [|[|]]; [| |lia]; simpl in ahead; lra.
Qed.

Lemma coins_differ a : top_labels_differ 2 (centred_logit 2 a 0) (centred_logit 2 (coin 0) 0) = true.
Proof.
  unfold top_labels_differ. cbn [some_label]. rewrite !fair_coin_is_tied by lia. now rewrite !andb_false_r.
Qed.

(** The coin with logits (1/2, -1/2): its probabilities p_1 > p_2, and those of the fair coin. *)
Definition first_side : R := probability 2 (coin 1) 0 0.
Definition second_side : R := probability 2 (coin 1) 0 1.

Lemma sides_of_coin : 0 < second_side < first_side /\ first_side + second_side = 1 /\ ln first_side - ln second_side
  = 1.
Proof.
  destruct (probability_distribution 2 (coin 1) 0 ltac:(lia)) as [positive total]. simpl in total.
  fold first_side second_side in total. pose proof (positive 1%nat ltac:(lia)). fold second_side in H.
  assert (gap : ln first_side - ln second_side = 1).
  { unfold first_side, second_side, probability. rewrite !log_softmax by lia. unfold coin.
    rewrite !logit_of_one_input. field. }
  repeat split; auto; try lra. apply ln_lt_inv; [exact H | now apply positive; lia | lra].
Qed.

Lemma fair_probability y : (y < 2)%nat -> probability 2 (coin 0) 0 y = 1 / 2.
Proof.
  intro inside. unfold probability, softmax. rewrite coin_partition. unfold coin. rewrite logit_of_one_input.
  replace (0 / 2) with 0 by field. rewrite Ropp_0, exp_0.
  destruct y as [|[|]]; [| |lia]; rewrite ?exp_0; field.
Qed.

Lemma cost_of_the_coin threshold : cost_of_flips 1 2 threshold (coin 1) (coin 0) = threshold (first_side, second_side).
Proof.
  destruct sides_of_coin as [order _]. unfold cost_of_flips. rewrite mean_of_one, coins_differ. f_equal.
  change (two_largest 2 (probability 2 (coin 1) 0))
    with (let (first, second) := two_largest 1 (probability 2 (coin 1) 0) in
    if greater second_side first then (second_side, first) else (first, Rmax second second_side)).
  rewrite two_largest_of_one by (apply probability_positive; lia). fold first_side. unfold greater.
  destruct (Rlt_dec first_side second_side); [lra|]. now rewrite Rmax_right by lra.
Qed.

(** Where the bound is attained by a pair of positive cost, no smaller constant will do. *)
Lemma attained cost bound c : 0 < cost -> bound = cost -> cost <= c * bound -> 1 <= c.
Proof. intros positive -> below. apply (Rmult_le_reg_r cost); lra. Qed.

Theorem kl_threshold_is_sharp : T14_kl_sharp.
Proof.
  intros c bound. specialize (bound 1%nat 2%nat (coin 1) (coin 0) ltac:(lia) ltac:(lia)).
  rewrite cost_of_the_coin in bound.
  destruct sides_of_coin as [order [total gap]].
  assert (divergence : kl_divergence 1 2 (coin 1) (coin 0) = kl_threshold (first_side, second_side)).
  { unfold kl_divergence. rewrite mean_of_one. unfold kl. simpl sum. rewrite !fair_probability by lia.
    fold first_side second_side. unfold kl_threshold. simpl. rewrite total.
    replace (first_side / (1 / 2)) with (2 * first_side / 1) by field.
    replace (second_side / (1 / 2)) with (2 * second_side / 1) by field. ring. }
  apply (attained _ _ c) with (2 := divergence); [|exact bound].
  (* KL is positive: the first side has moved. *)
  rewrite <- divergence. unfold kl_divergence. rewrite mean_of_one.
  apply Rlt_le_trans with (2 := kl_at_least_weighted 2 _ _ (probability_distribution 2 (coin 1) 0 ltac:(lia))
    (probability_distribution 2 (coin 0) 0 ltac:(lia))).
  simpl sum. rewrite !fair_probability by lia. fold first_side second_side.
  assert (ln (1 / 2) < ln first_side) by (apply ln_increasing; lra).
  assert (0 < Rmin first_side (1 / 2)) by (apply Rmin_glb_lt; lra).
  assert (0 < Rmin second_side (1 / 2)) by (apply Rmin_glb_lt; lra).
  assert (0 < Rmin first_side (1 / 2) * (ln first_side - ln (1 / 2)) ^ 2) by (apply Rmult_lt_0_compat; nra).
  assert (0 <= Rmin second_side (1 / 2) * (ln second_side - ln (1 / 2)) ^ 2)
    by (apply Rmult_le_pos; [lra | apply pow2_ge_0]).
  lra.
Qed.

Theorem reversed_kl_threshold_is_sharp : T14_reversed_kl_sharp.
Proof.
  intros c bound. specialize (bound 1%nat 2%nat (coin 1) (coin 0) ltac:(lia) ltac:(lia)).
  rewrite cost_of_the_coin in bound.
  destruct sides_of_coin as [order [total gap]].
  assert (roots : 0 < sqrt first_side * sqrt second_side) by (apply Rmult_lt_0_compat; apply sqrt_lt_R0; lra).
  pose proof (sqrt_sqrt first_side ltac:(lra)). pose proof (sqrt_sqrt second_side ltac:(lra)).
  assert (mass : 1 - (sqrt first_side - sqrt second_side) ^ 2 = 2 * (sqrt first_side * sqrt second_side)) by nra.
  assert (divergence : kl_divergence 1 2 (coin 0) (coin 1) = reversed_kl_threshold (first_side, second_side)).
  { unfold kl_divergence. rewrite mean_of_one. unfold kl. simpl sum. rewrite !fair_probability by lia.
    fold first_side second_side. unfold reversed_kl_threshold. simpl fst. simpl snd.
    rewrite mass, !log_of_ratio, ln_mult, ln_1 by lra.
    assert (ln (sqrt first_side * sqrt second_side) = (ln first_side + ln second_side) / 2); [|lra].
    rewrite ln_mult by (apply sqrt_lt_R0; lra).
    rewrite <- H at 2. rewrite <- H0 at 2. rewrite !ln_mult by (apply sqrt_lt_R0; lra). field. }
  apply (attained _ _ c) with (2 := divergence); [|exact bound].
  unfold reversed_kl_threshold. simpl fst. simpl snd. rewrite mass, <- ln_Rinv by lra. rewrite <- ln_1.
  assert (sqrt second_side < sqrt first_side) by (apply sqrt_lt_1; lra).
  assert (0 < (sqrt first_side - sqrt second_side) ^ 2) by nra.
  apply ln_increasing; [lra|]. rewrite <- Rinv_1. apply Rinv_lt_contravar; lra.
Qed.

Theorem squared_logit_threshold_is_sharp : T14_squared_logit_sharp.
Proof.
  intros c bound. specialize (bound 1%nat 2%nat (coin 1) (coin 0) ltac:(lia) ltac:(lia)).
  rewrite cost_of_the_coin in bound.
  destruct sides_of_coin as [order [total gap]].
  assert (half : squared_logit_threshold (first_side, second_side) = 1 / 2).
  { unfold squared_logit_threshold. simpl fst. simpl snd. rewrite log_of_ratio, gap by lra. field. }
  apply (attained _ _ c) with (3 := bound); [lra|]. rewrite half.
  unfold squared_logit_distance. rewrite mean_of_one. unfold squared_norm. simpl sum.
  rewrite !difference_is_centred. unfold centred, mean, coin. simpl. rewrite !logit_of_one_input. field.
Qed.
