(** * KL between two sums of squares

    With t = log(q/p), KL(p || q) is the sum of p (e^t - 1 - t). Each term lies between two parabolas in t, the lower
    one weighted by min(p, q) and the upper one by max(p, q). *)

From Coq Require Import Reals Lra Lia.
From Formal Require Import Sums Softmax Scalars.
Open Scope R_scope.

(** One label's term of KL: p (log p - log q) - p + q. *)
Definition term (p q : R) : R := p * (ln p - ln q - 1) + q.

Lemma exp_of_log_ratio p q : 0 < p -> 0 < q -> exp (ln q - ln p) = q / p.
Proof. intros. unfold Rminus. now rewrite exp_plus, exp_Ropp, !exp_ln by assumption. Qed.

Lemma term_by_remainder p q : 0 < p -> 0 < q -> term p q = p * remainder (ln q - ln p).
Proof.
  intros. unfold term, remainder. rewrite exp_of_log_ratio by assumption. field. lra.
Qed.

Lemma kl_is_sum_of_terms k p q : distribution k p -> distribution k q -> kl k p q = sum k (fun y => term (p y) (q y)).
Proof. apply kl_as_terms. Qed.

Lemma term_nonnegative p q : 0 < p -> 0 < q -> 0 <= term p q.
Proof.
  intros. rewrite term_by_remainder by assumption. apply Rmult_le_pos; [lra | apply remainder_nonnegative].
Qed.

(** Gibbs' inequality. *)
Lemma kl_nonnegative k p q : distribution k p -> distribution k q -> 0 <= kl k p q.
Proof.
  intros full full'. rewrite kl_is_sum_of_terms by assumption.
  apply sum_nonnegative. intros y inside. apply term_nonnegative; [apply full | apply full']; exact inside.
Qed.

Lemma log_of_quotient_exp p q : 0 < p -> 0 < q -> q = p * exp (ln q - ln p).
Proof.
  intros. rewrite exp_of_log_ratio by assumption. field. lra.
Qed.

Lemma log_order p q : 0 < p -> p <= q -> ln p <= ln q.
Proof. intros positive [less | ->]; [left; now apply ln_increasing | lra]. Qed.

Lemma term_at_least p q : 0 < p -> 0 < q -> Rmin p q * ((ln p - ln q) ^ 2 / 2) <= term p q.
Proof.
  intros p_positive q_positive. rewrite term_by_remainder by assumption.
  set (t := ln q - ln p). replace ((ln p - ln q) ^ 2) with (t ^ 2) by (unfold t; ring).
  destruct (Rle_dec p q) as [order | order].
  - rewrite Rmin_left by exact order. pose proof (log_order p q p_positive order).
    apply Rmult_le_compat_l; [lra|]. apply remainder_at_least_right. unfold t. lra.
  - rewrite Rmin_right by lra. pose proof (log_order q p q_positive ltac:(lra)).
    rewrite (log_of_quotient_exp p q p_positive q_positive) at 1. fold t. rewrite Rmult_assoc.
    apply Rmult_le_compat_l; [lra|]. apply remainder_at_least_left. unfold t. lra.
Qed.

Lemma term_at_most p q : 0 < p -> 0 < q -> term p q <= Rmax p q * ((ln p - ln q) ^ 2 / 2).
Proof.
  intros p_positive q_positive. rewrite term_by_remainder by assumption.
  set (t := ln q - ln p). replace ((ln p - ln q) ^ 2) with (t ^ 2) by (unfold t; ring).
  destruct (Rle_dec p q) as [order | order].
  - rewrite Rmax_right by exact order. pose proof (log_order p q p_positive order).
    rewrite (log_of_quotient_exp p q p_positive q_positive) at 1. fold t. rewrite Rmult_assoc.
    apply Rmult_le_compat_l; [lra|]. apply remainder_at_most_right. unfold t. lra.
  - rewrite Rmax_left by lra. pose proof (log_order q p q_positive ltac:(lra)).
    apply Rmult_le_compat_l; [lra|]. apply remainder_at_most_left. unfold t. lra.
Qed.

(** (1/2) sum min(p, q) t^2 <= KL(p || q) <= (1/2) sum max(p, q) t^2 *)
Lemma kl_at_least_weighted k p q : distribution k p -> distribution k q ->
  1 / 2 * sum k (fun y => Rmin (p y) (q y) * (ln (p y) - ln (q y)) ^ 2) <= kl k p q.
Proof.
  intros full full'. rewrite kl_is_sum_of_terms, <- sum_times by assumption.
  apply sum_at_most. intros y inside. destruct full as [positive _], full' as [positive' _].
  pose proof (term_at_least (p y) (q y) (positive y inside) (positive' y inside)). lra.
Qed.

Lemma kl_at_most_weighted k p q : distribution k p -> distribution k q ->
  kl k p q <= 1 / 2 * sum k (fun y => Rmax (p y) (q y) * (ln (p y) - ln (q y)) ^ 2).
Proof.
  intros full full'. rewrite kl_is_sum_of_terms, <- sum_times by assumption.
  apply sum_at_most. intros y inside. destruct full as [positive _], full' as [positive' _].
  pose proof (term_at_most (p y) (q y) (positive y inside) (positive' y inside)). lra.
Qed.
