From Coq Require Import Reals.
From Formal Require Import Sums Softmax Scalars.
Open Scope R_scope.
Definition T6_upper_bound_with (c : R) : Prop :=
  forall (n k : nat) (a b : model), (0 < n)%nat -> (0 < k)%nat ->
  kl_divergence n k a b <= c * squared_logit_distance n k a b.
Definition T6_upper_bound : Prop := T6_upper_bound_with (1 / 4).
Definition T6_upper_bound_sharp : Prop := forall c, T6_upper_bound_with c -> 1 / 4 <= c.
Definition T5_upper_bound_with (c : R) (k : nat) (tau : R) : Prop :=
  forall (n : nat) (a b : model), (0 < n)%nat -> (3 <= k)%nat -> 0 < tau -> floor n k a tau -> floor n k b tau ->
  squared_logit_distance n k a b <= c * (kl_divergence n k a b / tau).
Definition T5_upper_bound : Prop := forall k tau, T5_upper_bound_with 2 k tau.
Definition T5_upper_bound_sharp : Prop := forall k tau, (3 <= k)%nat -> 0 < tau -> INR k * tau < 1 ->
  forall c, T5_upper_bound_with c k tau -> 2 <= c.
Definition T5_upper_bound_binary_with (c : R) (tau : R) : Prop :=
  forall (n : nat) (a b : model), (0 < n)%nat -> 0 < tau -> floor n 2 a tau -> floor n 2 b tau ->
  squared_logit_distance n 2 a b <= c * (kl_divergence n 2 a b / (tau * (1 - tau))).
Definition T5_upper_bound_binary : Prop := forall tau, T5_upper_bound_binary_with 1 tau.
Definition T5_upper_bound_binary_sharp : Prop := forall tau, 0 < tau -> INR 2 * tau < 1 ->
  forall c, T5_upper_bound_binary_with c tau -> 1 <= c.
Definition T5_by_pinsker : Prop := 
  forall (n k : nat) (a b : model) (tau : R), (0 < n)%nat -> (2 <= k)%nat -> 0 < tau -> floor n k a tau -> floor n k b tau ->
  squared_logit_distance n k a b <= kl_divergence n k a b / tau ^ 2.
Definition T1_triangle : Prop := forall (n k : nat) (a b c : model), (0 < n)%nat -> (0 < k)%nat ->
  logit_distance n k a b <= logit_distance n k a c + logit_distance n k c b.
Definition T1_symmetry : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b = squared_logit_distance n k b a.
Definition T1_gauge : Prop := forall (n k : nat) (a b : model) (A B : nat -> nat -> R), (0 < n)%nat -> (0 < k)%nat ->
  inverse_transposes (dimension a) A B ->
  squared_logit_distance n k a b = squared_logit_distance n k (gauged A B a) b.
Definition T1_shift : Prop := forall (n k : nat) (a b : model) (c : nat -> R), (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b = squared_logit_distance n k (shifted c a) b.
Definition T1_relabelling : Prop := forall (n k : nat) (a b : model) (rename back : nat -> nat), (0 < n)%nat -> (0 < k)%nat ->
  permutation k rename back ->
  squared_logit_distance n k a b = squared_logit_distance n k (relabelled rename a) (relabelled rename b).
Definition T1_pair_form : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b = pair_form n k a b.
Definition T1_projection_form : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (0 < k)%nat ->
  squared_logit_distance n k a b = projection_form n k a b.
Definition T3_upper_bound_with (c : R) : Prop := forall (n k : nat) (a b : model) (P : nat -> nat -> R) (s : R), (0 < n)%nat -> (0 < k)%nat ->
  pseudo_inverse k a P -> 0 < s -> resolves k a s ->
  squared_alignment_error n k P a b <= c * (squared_logit_distance n k a b / s ^ 2).
Definition T3_upper_bound : Prop := T3_upper_bound_with 1.
Definition T3_residual_is_the_inverted_difference : Prop := forall (n k : nat) (a b : model) (P : nat -> nat -> R), (0 < n)%nat -> (0 < k)%nat ->
  pseudo_inverse k a P ->
  squared_alignment_error n k P a b = mean n (fun x => squared_norm (dimension a) (applied k P (difference k a b x))).
Definition T3_upper_bound_sharp : Prop := forall (k : nat) (a : model) (P : nat -> nat -> R) (s : R), (0 < k)%nat ->
  pseudo_inverse k a P -> 0 < s -> resolves k a s -> (exists v, 0 < squared_norm (dimension a) v /\
   squared_norm k (fun y => dot (dimension a) (centred_unembedding k a y) v) = s ^ 2 * squared_norm (dimension a) v) ->
  forall c, (forall f n b, (0 < n)%nat -> 
  squared_alignment_error n k P (Model (dimension a) f (unembedding a)) b <= c * (squared_logit_distance n k (Model (dimension a) f (unembedding a)) b / s ^ 2)) -> 1 <= c.
Definition T8_squared_error_with (c : R) : Prop := forall (n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P ->
  probe_error n k P w a b <= c * (squared_probe_norm k P w a * squared_logit_distance n k a b).
Definition T8_squared_error := T8_squared_error_with 1.
Definition T8_squared_error_sharp : Prop := forall c, T8_squared_error_with c -> 1 <= c.
Definition T8_unexplained_variance : Prop := forall (n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P -> 0 < variance_over_inputs n (probe_value w a) ->
  unexplained_share n k P w a b <= squared_probe_norm k P w a * difference_variance n k a b / variance_over_inputs n (probe_value w a).
Definition T8_sign_flips : Prop := forall (n k : nat) (a b : model) (P : nat -> nat -> R) (w : nat -> R) (gamma : R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P -> 0 < gamma ->
  sign_flips n k P w a b <= probe_within n w a gamma + squared_probe_norm k P w a * squared_logit_distance n k a b / gamma ^ 2.
Definition T8_top_label : Prop := forall (n k : nat) (a b : model) (gamma : R),
  (0 < n)%nat -> (0 < k)%nat -> 0 < gamma ->
  disagreement n k a b <= margin_within n k a gamma + 2 * squared_logit_distance n k a b / gamma ^ 2.
Definition T14_kl_with (c : R) : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  cost_of_flips n k kl_threshold a b <= c * kl_divergence n k a b.
Definition T14_kl : Prop := T14_kl_with 1.
Definition T14_kl_sharp : Prop := forall c, T14_kl_with c -> 1 <= c.
Definition T14_reversed_kl_with (c : R) : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  cost_of_flips n k reversed_kl_threshold a b <= c * kl_divergence n k b a.
Definition T14_reversed_kl : Prop := T14_reversed_kl_with 1.
Definition T14_squared_logit_with (c : R) : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  cost_of_flips n k squared_logit_threshold a b <= c * squared_logit_distance n k a b.
Definition T14_squared_logit : Prop := T14_squared_logit_with 1.
Definition T14_reversed_kl_sharp : Prop := forall c, T14_reversed_kl_with c -> 1 <= c.
Definition T14_squared_logit_sharp : Prop := forall c, T14_squared_logit_with c -> 1 <= c.
Definition T14_certified : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  disagreement n k a b <= uncertified n k a b.
Definition T15_lower : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  1 / 2 * smaller_form n k a b <= kl_divergence n k a b.
Definition T15_upper : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  kl_divergence n k a b <= 1 / 2 * larger_form n k a b.
Definition T15_overlap : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  overlap_form n k a b <= 1 * smaller_form n k a b.
Definition T15_overlap_kl : Prop := forall (n k : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat ->
  1 / 2 * overlap_form n k a b <= kl_divergence n k a b.
Definition T15_clipped_with (c : R) (k : nat) (eps : R) : Prop := forall (n : nat) (a b : model), (0 < n)%nat -> (2 <= k)%nat -> 0 < eps ->
  squared_clipped_distance n k eps a b <= c * (kl_divergence n k a b / eps).
Definition T15_clipped : Prop := forall k eps, T15_clipped_with 2 k eps.
Definition T15_clipped_sharp : Prop := forall k eps, (3 <= k)%nat -> 0 < eps -> INR k * eps < 1 -> forall c, T15_clipped_with c k eps -> 2 <= c.
Definition T15_fisher : Prop := forall (n k : nat) (a b : model) (r : R), (0 < n)%nat -> (2 <= k)%nat ->
  (forall x, (x < n)%nat -> range_at_most k (difference k a b x) r) ->
  squared_fisher_distance n k a b <= 1 * ((2 + r) * kl_divergence n k a b).
Definition T15_fisher_lower : Prop := forall (n k : nat) (a b : model) (r : nat -> R), (0 < n)%nat -> (2 <= k)%nat ->
  (forall x, (x < n)%nat -> range_at_most k (difference k a b x) (r x)) ->
  mean n (fun x => omega (- r x) * variance k (probability k a x) (difference k a b x)) <= 1 * kl_divergence n k a b.
Definition T15_fisher_upper : Prop := forall (n k : nat) (a b : model) (r : nat -> R), (0 < n)%nat -> (2 <= k)%nat ->
  (forall x, (x < n)%nat -> range_at_most k (difference k a b x) (r x)) ->
  kl_divergence n k a b <= 1 * mean n (fun x => omega (r x) * variance k (probability k a x) (difference k a b x)).
Definition T16_fisher_form : Prop := forall (n k : nat) (a b : model) (h : nat -> nat -> R), (0 < n)%nat -> (2 <= k)%nat ->
  (forall x, (x < n)%nat -> own_alignment k a b x (h x)) ->
  form_of_residual n k h a b <= 2 * kl_divergence n k a b.
Definition T16_either_direction : Prop := forall (n k : nat) (a b : model) (h : nat -> nat -> R), (0 < n)%nat -> (2 <= k)%nat ->
  (forall x, (x < n)%nat -> own_alignment k a b x (h x)) ->
  form_of_residual n k h a b <= 2 * mean n (fun x => Rmin (kl k (probability k a x) (probability k b x)) (kl k (probability k b x) (probability k a x))).
Definition T16_embedding : Prop := forall (n k : nat) (a b : model) (h : nat -> nat -> R) (lambda : nat -> R), (0 < n)%nat -> (2 <= k)%nat ->
  (forall x, (x < n)%nat -> own_alignment k a b x (h x)) ->
  (forall x, (x < n)%nat -> 0 < lambda x /\ forall v, lambda x * squared_norm (dimension a) v <= information k a b x v v) ->
  squared_own_residual n h a <= 2 * mean n (fun x => kl k (probability k a x) (probability k b x) / lambda x).
Definition T16_probe : Prop := forall (n k : nat) (a b : model) (h : nat -> nat -> R) (v : nat -> R) (z : nat -> nat -> R), (0 < n)%nat -> (2 <= k)%nat ->
  (forall x, (x < n)%nat -> own_alignment k a b x (h x)) ->
  (forall x, (x < n)%nat -> forall u, information k a b x u (z x) = dot (dimension a) v u) ->
  own_probe_residual n h v a <= 2 * mean n (fun x => kl k (probability k a x) (probability k b x) * dot (dimension a) v (z x)).
Definition T7_square_kl : Prop := forall r, 0 < r ->
   kl_divergence 4 4 (square_model r) (exchanged_square r) = r * exp (- r) * (1 - exp (- r)) / (1 + exp (- r)) ^ 2.
Definition T7_square_distance : Prop := forall r, 0 < r ->
   squared_logit_distance 4 4 (square_model r) (exchanged_square r) = 2 * r ^ 2.
