(** * T16: what KL guarantees of embeddings, input by input *)

From Coq Require Import Reals Lra Lia Arith.
From Formal Require Import Sums Softmax Scalars Kl Statements T15.
Open Scope R_scope.

(** ** What is proved

    On each input, let A_w f' be the weighted least-squares image of f', w = min(p, p'), and r_w = f - A_w f'. Then
    r_w^T I_w r_w <= 2 KL, whatever the floor; hence ||r_w||^2 <= 2 KL / lambda_min(I_w), and for a probe v = I_w z,
    (v . r_w)^2 <= 2 KL v^T I_w^-1 v. *)

Example fisher_form_says : T16_fisher_form = (
  forall (n k : nat) (a b : model) (counts : nat -> bool) (h : nat -> nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  (forall x, (x < n)%nat -> counts x = true -> own_alignment k a b x (h x)) ->
  form_of_residual n k counts h a b
  <= 2 * (mean_where n counts (fun x => kl k (probability k a x) (probability k b x)))).
Proof. reflexivity. Qed.

Example either_direction_says : T16_either_direction = (
  forall (n k : nat) (a b : model) (counts : nat -> bool) (h : nat -> nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  (forall x, (x < n)%nat -> counts x = true -> own_alignment k a b x (h x)) ->
  form_of_residual n k counts h a b
  <= 2 * (mean_where n counts (fun x =>
    Rmin (kl k (probability k a x) (probability k b x)) (kl k (probability k b x) (probability k a x))))).
Proof. reflexivity. Qed.

Example embedding_says : T16_embedding = (
  forall (n k : nat) (a b : model) (counts : nat -> bool) (h : nat -> nat -> R) (lambda : nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  (forall x, (x < n)%nat -> counts x = true -> own_alignment k a b x (h x)) ->
  (forall x, (x < n)%nat -> counts x = true -> 0 < lambda x /\ forall v,
     lambda x * squared_norm (dimension a) v <= information k a b x v v) ->
  squared_own_residual n counts h a
  <= 2 * (mean_where n counts (fun x => kl k (probability k a x) (probability k b x) / lambda x))).
Proof. reflexivity. Qed.

Example probe_says : T16_probe = (
  forall (n k : nat) (a b : model) (counts : nat -> bool) (h : nat -> nat -> R) (v : nat -> R) (z : nat -> nat -> R),
  (0 < n)%nat -> (0 < k)%nat ->
  (forall x, (x < n)%nat -> counts x = true -> own_alignment k a b x (h x)) ->
  (forall x, (x < n)%nat -> counts x = true -> forall u, information k a b x u (z x) = dot (dimension a) v u) ->
  own_probe_residual n counts h v a
  <= 2 * (mean_where n counts (fun x => kl k (probability k a x) (probability k b x) * dot (dimension a) v (z x)))).
Proof. reflexivity. Qed.

(** ** The form of Sigma_w is bilinear, symmetric and non-negative *)

Lemma weighted_covariance_symmetric k w u v : weighted_covariance k w u v = weighted_covariance k w v u.
Proof.
  unfold weighted_covariance. f_equal; [apply sum_equal; intros; ring | unfold Rdiv; ring].
Qed.

Lemma weighted_covariance_combined k w u v v' c : 
  weighted_covariance k w u (fun y => v y + c * v' y) = weighted_covariance k w u v + c * weighted_covariance k w u v'.
Proof.
  unfold weighted_covariance.
  rewrite (sum_equal k (fun y => w y * u y * (v y + c * v' y)) (fun y => w y * u y * v y + c * (w y * u y * v' y)))
    by (intros; ring).
  rewrite (sum_equal k (fun y => w y * (v y + c * v' y)) (fun y => w y * v y + c * (w y * v' y))) by (intros; ring).
  rewrite !sum_plus, !sum_times. unfold Rdiv. ring.
Qed.

Lemma weighted_variance_combined k w u v c :
  weighted_variance k w (fun y => u y + c * v y)
  = weighted_variance k w u + 2 * c * weighted_covariance k w u v + c * c * weighted_variance k w v.
Proof.
  unfold weighted_variance.
  rewrite weighted_covariance_combined, (weighted_covariance_symmetric k w (fun y => u y + c * v y) u).
  rewrite (weighted_covariance_symmetric k w (fun y => u y + c * v y) v), !weighted_covariance_combined.
  rewrite (weighted_covariance_symmetric k w v u). ring.
Qed.

Lemma image_combined k a u v c y : image k a (fun i => u i + c * v i) y = image k a u y + c * image k a v y.
Proof. unfold image, dot. rewrite <- sum_times, <- sum_plus. apply sum_equal. intros. ring. Qed.

Section OneInput.

Variables (k : nat) (a b : model) (x : nat) (h : nat -> R).
Hypothesis labels : (0 < k)%nat.
Hypothesis aligned : own_alignment k a b x h.

Let w := smaller_probability k a b x.
Let r := fun i => embedding a x i - h i.
Let Delta := difference k a b x.

Lemma form_nonnegative v : 0 <= weighted_variance k w v.
Proof.
  apply weighted_variance_nonnegative; [now apply smaller_mass_positive|].
  intros. left. now apply smaller_probability_positive.
Qed.

(** The normal equations for the residual: I_w r = Gc^T Sigma_w Delta. *)
Lemma residual_equations v : information k a b x v r = weighted_covariance k w (image k a v) Delta.
Proof.
  assert (split : forall y, (y < k)%nat -> image k a r y = centred_logit k a x y + -1 * image k a h y).
  { intros y _. unfold r, image, centred_logit, dot. rewrite <- sum_times, <- sum_plus. apply sum_equal. intros. ring. }
  unfold information. fold w.
  rewrite (weighted_covariance_equal k w _ _ _ _ (fun y _ => eq_refl) split), weighted_covariance_combined.
  change (weighted_covariance k w (image k a v) (image k a h)) with (information k a b x v h). rewrite (aligned v).
  fold w.
  rewrite <- weighted_covariance_combined. apply weighted_covariance_equal; [reflexivity|].
  intros. unfold Delta, difference. ring.
Qed.

(** r^T I_w r <= Delta^T Sigma_w Delta: 0 <= (Delta - Gc r)^T Sigma_w (Delta - Gc r). *)
Lemma form_at_most_overlap : information k a b x r r <= weighted_variance k w Delta.
Proof.
  pose proof (form_nonnegative (fun y => Delta y + -1 * image k a r y)) as rest.
  rewrite weighted_variance_combined, (weighted_covariance_symmetric k w Delta (image k a r)) in rest.
  pose proof (residual_equations r) as normal. unfold weighted_variance, information in *. fold w in normal |- *. lra.
Qed.

Lemma form_at_most_kl : information k a b x r r <= 2 * kl k (probability k a x) (probability k b x).
Proof.
  pose proof form_at_most_overlap as overlap. unfold w, Delta in overlap.
  pose proof (overlap_form_at_most_smaller_form k a b x labels). pose proof (kl_at_least_smaller_form k a b x labels).
  lra.
Qed.

(** Cauchy and Schwarz in the form: (v . r)^2 <= (z^T I_w z) (r^T I_w r) for v = I_w z. *)
Lemma squared_information_at_most u v :
  information k a b x u v ^ 2 <= information k a b x u u * information k a b x v v.
Proof.
  assert (expand : forall t, information k a b x u u + 2 * t * information k a b x u v + t * t * information k a b x v v
    = weighted_variance k w (image k a (fun i => u i + t * v i))).
  { intro t. unfold weighted_variance at 1.
    rewrite (weighted_covariance_equal k w _ _ _ _ (fun y _ => image_combined k a u v t y)
      (fun y _ => image_combined k a u v t y)).
    fold (weighted_variance k w (fun y => image k a u y + t * image k a v y)).
    rewrite weighted_variance_combined. reflexivity. }
  replace (information k a b x u v ^ 2) with (information k a b x u v * information k a b x u v) by ring.
  apply discriminant; [apply form_nonnegative|]. intro t. rewrite expand. apply form_nonnegative.
Qed.

End OneInput.

(** ** The theorems *)

(** A bound on every input that counts may be averaged, over a constant. *)
Lemma mean_where_at_most n counts c f g : (0 < n)%nat ->
  (forall x, (x < n)%nat -> counts x = true -> f x <= c * g x) -> mean_where n counts f <= c * mean_where n counts g.
Proof.
  intros inputs below. unfold mean_where. rewrite <- mean_times. apply mean_at_most; [exact inputs|]. intros x inside.
  specialize (below x inside). destruct (counts x); [now apply below | lra].
Qed.

Theorem form_of_residual_by_kl : T16_fisher_form.
Proof.
  intros n k a b counts h inputs labels aligned. apply mean_where_at_most; [exact inputs|]. intros x inside counted.
  apply form_at_most_kl; [exact labels | now apply aligned].
Qed.

(** The weights do not tell the two directions apart. *)
Lemma smaller_form_by_reversed_kl k a b x : (0 < k)%nat ->
  sum k (fun y => smaller_probability k a b x y * log_ratio k a b x y ^ 2)
  <= 2 * kl k (probability k b x) (probability k a x).
Proof.
  intro labels. pose proof (kl_at_least_smaller_form k b a x labels) as reversed.
  rewrite (sum_equal k (fun y => smaller_probability k a b x y * log_ratio k a b x y ^ 2)
    (fun y => smaller_probability k b a x y * log_ratio k b a x y ^ 2)); [lra|].
  intros y inside. rewrite !squared_log_ratio by assumption. unfold smaller_probability. rewrite Rmin_comm. ring.
Qed.

Theorem form_of_residual_by_either_kl : T16_either_direction.
Proof.
  intros n k a b counts h inputs labels aligned. apply mean_where_at_most; [exact inputs|]. intros x inside counted.
  pose proof (form_at_most_kl k a b x (h x) labels (aligned x inside counted)) as forward.
  pose proof (form_at_most_overlap k a b x (h x) labels (aligned x inside counted)) as overlap.
  pose proof (overlap_form_at_most_smaller_form k a b x labels).
  pose proof (smaller_form_by_reversed_kl k a b x labels).
  unfold own_residual. apply Rmin_case; lra.
Qed.

Theorem embedding_by_kl : T16_embedding.
Proof.
  intros n k a b counts h lambda inputs labels aligned resolved.
  apply mean_where_at_most; [exact inputs|]. intros x inside counted.
  destruct (resolved x inside counted) as [positive least].
  pose proof (form_at_most_kl k a b x (h x) labels (aligned x inside counted)) as form.
  specialize (least (own_residual a h x)). apply (Rmult_le_reg_l (lambda x)); [exact positive|].
  replace (lambda x * (2 * (kl k (probability k a x) (probability k b x) / lambda x)))
    with (2 * kl k (probability k a x) (probability k b x)) by (field; lra).
  unfold own_residual in *. lra.
Qed.

Theorem probe_by_kl : T16_probe.
Proof.
  intros n k a b counts h v z inputs labels aligned reads.
  apply mean_where_at_most; [exact inputs|]. intros x inside counted. rewrite <- !(reads x inside counted).
  pose proof (form_at_most_kl k a b x (h x) labels (aligned x inside counted)) as form.
  pose proof (squared_information_at_most k a b x labels (own_residual a h x) (z x)) as product.
  pose proof (form_nonnegative k a b x labels (image k a (z x))) as size.
  unfold weighted_variance in size. fold (information k a b x (z x) (z x)) in size. unfold own_residual in *.
  apply Rle_trans with (1 := product).
  replace (2 * (kl k (probability k a x) (probability k b x) * information k a b x (z x) (z x)))
    with (2 * kl k (probability k a x) (probability k b x) * information k a b x (z x) (z x)) by ring.
  now apply Rmult_le_compat_r.
Qed.
