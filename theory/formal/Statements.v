From Coq Require Import Reals.
From Formal Require Import Sums Softmax.
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
