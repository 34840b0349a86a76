(** * Models, softmax, and the quantities that the theorems compare

    Inputs, labels and coordinates are natural numbers below n, k and m; what a function does beyond is never asked. *)

From Coq Require Import Reals Lra Lia Arith.
From Formal Require Import Sums.
Open Scope R_scope.

(** ** Definitions *)

(** A model: an embedding f(x) of each input and an unembedding g(y) of each label, in a space of some dimension. *)
Record model := Model {
  dimension : nat;
  embedding : nat -> nat -> R;    (* x, coordinate *)
  unembedding : nat -> nat -> R   (* y, coordinate *)
}.

(** The inner product of R^m. *)
Definition dot (m : nat) (v w : nat -> R) : R := sum m (fun i => v i * w i).

(** The squared Euclidean norm. *)
Definition squared_norm (k : nat) (v : nat -> R) : R := sum k (fun y => v y ^ 2).

(** A vector minus the mean of its entries. *)
Definition centred (k : nat) (v : nat -> R) (y : nat) : R := v y - mean k v.

Definition softmax (k : nat) (u : nat -> R) (y : nat) : R := exp (u y) / sum k (fun z => exp (u z)).

(** f(x) . g(y) *)
Definition logit (a : model) (x y : nat) : R := dot (dimension a) (embedding a x) (unembedding a y).

(** p(y|x) *)
Definition probability (k : nat) (a : model) (x : nat) : nat -> R := softmax k (logit a x).

(** g(y) minus the mean of all unembeddings: the rows of Gc. *)
Definition centred_unembedding (k : nat) (a : model) (y i : nat) : R := centred k (fun z => unembedding a z i) y.

(** u(x) = Gc f(x), the label-centred logits. *)
Definition centred_logit (k : nat) (a : model) (x y : nat) : R :=
  dot (dimension a) (centred_unembedding k a y) (embedding a x).

(** Delta(x) = u(x) - u'(x) *)
Definition difference (k : nat) (a b : model) (x y : nat) : R := centred_logit k a x y - centred_logit k b x y.

(** d_logit^2, the mean over n inputs of ||Delta||^2, and its root. *)
Definition squared_logit_distance (n k : nat) (a b : model) : R :=
  mean n (fun x => squared_norm k (difference k a b x)).
Definition logit_distance (n k : nat) (a b : model) : R := sqrt (squared_logit_distance n k a b).

(** KL(p || q) of two distributions on k labels. *)
Definition kl (k : nat) (p q : nat -> R) : R := sum k (fun y => p y * ln (p y / q y)).

(** KL of the first model from the second, KL(p || p'), the mean over n inputs. *)
Definition kl_divergence (n k : nat) (a b : model) : R :=
  mean n (fun x => kl k (probability k a x) (probability k b x)).

(** E_p v and Var_p v *)
Definition expectation (k : nat) (p v : nat -> R) : R := sum k (fun y => p y * v y).
Definition variance (k : nat) (p v : nat -> R) : R := expectation k p (fun y => v y ^ 2) - expectation k p v ^ 2.

(** Every probability of the model is at least tau. *)
Definition floor (n k : nat) (a : model) (tau : R) : Prop :=
  forall x y, (x < n)%nat -> (y < k)%nat -> tau <= probability k a x y.

(** A distribution of full support on k labels. *)
Definition distribution (k : nat) (p : nat -> R) : Prop := (forall y, (y < k)%nat -> 0 < p y) /\ sum k p = 1.

(** *** Changes of a model *)

(** f -> A f, g -> B g *)
Definition gauged (A B : nat -> nat -> R) (a : model) : model :=
  Model (dimension a) (fun x i => dot (dimension a) (A i) (embedding a x))
    (fun y i => dot (dimension a) (B i) (unembedding a y)).

(** B is the inverse of the transpose of A: A^T B = 1. *)
Definition inverse_transposes (m : nat) (A B : nat -> nat -> R) : Prop :=
  forall i j, (i < m)%nat -> (j < m)%nat -> sum m (fun l => A l i * B l j) = if Nat.eqb i j then 1 else 0.

(** g -> g + c *)
Definition shifted (c : nat -> R) (a : model) : model :=
  Model (dimension a) (embedding a) (fun y i => unembedding a y i + c i).

Definition relabelled (rename : nat -> nat) (a : model) : model :=
  Model (dimension a) (embedding a) (fun y => unembedding a (rename y)).

Definition permutation (k : nat) (rename back : nat -> nat) : Prop :=
  (forall y, (y < k)%nat -> (rename y < k)%nat /\ back (rename y) = y) /\
  (forall y, (y < k)%nat -> (back y < k)%nat /\ rename (back y) = y).

(** *** Alignment *)

(** A matrix P with m rows and k columns, applied to a vector of R^k. *)
Definition applied (k : nat) (P : nat -> nat -> R) (v : nat -> R) (i : nat) : R := dot k (P i) v.

(** P is the pseudo-inverse of Gc, which has full column rank: P Gc = 1, and Gc P is symmetric. *)
Definition pseudo_inverse (k : nat) (a : model) (P : nat -> nat -> R) : Prop :=
  (forall i j, (i < dimension a)%nat -> (j < dimension a)%nat ->
     sum k (fun y => P i y * centred_unembedding k a y j) = if Nat.eqb i j then 1 else 0) /\
  (forall y z, (y < k)%nat -> (z < k)%nat ->
     dot (dimension a) (centred_unembedding k a y) (fun i => P i z) =
     dot (dimension a) (centred_unembedding k a z) (fun i => P i y)).

(** A* = P G'c *)
Definition alignment (k : nat) (P : nat -> nat -> R) (b : model) (i j : nat) : R :=
  sum k (fun y => P i y * centred_unembedding k b y j).

(** f - A* f' *)
Definition residual (k : nat) (P : nat -> nat -> R) (a b : model) (x i : nat) : R :=
  embedding a x i - dot (dimension b) (alignment k P b i) (embedding b x).

Definition squared_alignment_error (n k : nat) (P : nat -> nat -> R) (a b : model) : R :=
  mean n (fun x => squared_norm (dimension a) (residual k P a b x)).

(** Gc v *)
Definition image (k : nat) (a : model) (v : nat -> R) (y : nat) : R := dot (dimension a) (centred_unembedding k a y) v.

(** s ||v|| <= ||Gc v|| for all v: s is at most the least singular value of Gc. *)
Definition resolves (k : nat) (a : model) (s : R) : Prop :=
  forall v, s ^ 2 * squared_norm (dimension a) v <= squared_norm k (image k a v).

(** *** Probes *)

(** w.f(x) *)
Definition probe_value (w : nat -> R) (a : model) (x : nat) : R := dot (dimension a) w (embedding a x).

(** w' = A*^T w *)
Definition transported (k : nat) (P : nat -> nat -> R) (a b : model) (w : nat -> R) (j : nat) : R :=
  sum (dimension a) (fun i => alignment k P b i j * w i).

(** w.f - w'.f' *)
Definition probe_gap (k : nat) (P : nat -> nat -> R) (w : nat -> R) (a b : model) (x : nat) : R :=
  probe_value w a x - probe_value (transported k P a b w) b x.

Definition probe_error (n k : nat) (P : nat -> nat -> R) (w : nat -> R) (a b : model) : R :=
  mean n (fun x => probe_gap k P w a b x ^ 2).

(** c_w = ||P^T w||^2 *)
Definition squared_probe_norm (k : nat) (P : nat -> nat -> R) (w : nat -> R) (a : model) : R :=
  squared_norm k (fun y => sum (dimension a) (fun i => P i y * w i)).

(** The mean square of the departure from the mean over inputs. *)
Definition variance_over_inputs (n : nat) (v : nat -> R) : R := mean n (fun x => (v x - mean n v) ^ 2).

(** 1 - R^2 of w.f predicted by w'.f' and an intercept. *)
Definition unexplained_share (n k : nat) (P : nat -> nat -> R) (w : nat -> R) (a b : model) : R :=
  variance_over_inputs n (probe_gap k P w a b) / variance_over_inputs n (probe_value w a).

(** tr Cov(Delta) *)
Definition difference_variance (n k : nat) (a b : model) : R :=
  mean n (fun x => squared_norm k (fun y => difference k a b x y - mean n (fun z => difference k a b z y))).

(** *** Shares of inputs *)

Definition greater (x y : R) : bool := if Rlt_dec y x then true else false.
Definition share (n : nat) (event : nat -> bool) : R := mean n (fun x => if event x then 1 else 0).

(** The logit of y exceeds that of every other label by more than gamma. *)
Fixpoint leads (k : nat) (u : nat -> R) (y : nat) (gamma : R) : bool :=
  match k with
  | O => true
  | S z => (leads z u y gamma && (Nat.eqb z y || greater (u y - u z) gamma))%bool
  end.

Fixpoint some_label (k : nat) (event : nat -> bool) : bool :=
  match k with
  | O => false
  | S y => (some_label y event || event y)%bool
  end.

(** No label is strictly on top for both logits u and u'. *)
Definition top_labels_differ (k : nat) (u u' : nat -> R) : bool :=
  negb (some_label k (fun y => leads k u y 0 && leads k u' y 0)%bool).

(** The share of inputs on which the top label is not strictly the same in both models. *)
Definition disagreement (n k : nat) (a b : model) : R :=
  share n (fun x => top_labels_differ k (centred_logit k a x) (centred_logit k b x)).

(** P(margin <= gamma) *)
Definition margin_within (n k : nat) (a : model) (gamma : R) : R :=
  share n (fun x => negb (some_label k (fun y => leads k (centred_logit k a x) y gamma))).

(** The share of inputs on which w.f and w'.f' are not of the same sign. *)
Definition sign_flips (n k : nat) (P : nat -> nat -> R) (w : nat -> R) (a b : model) : R :=
  share n (fun x => xorb (greater (probe_value w a x) 0) (greater (probe_value (transported k P a b w) b x) 0)).

(** E[(w.f)^2; the sign flips] *)
Definition cost_of_sign_flips (n k : nat) (P : nat -> nat -> R) (w : nat -> R) (a b : model) : R :=
  mean n (fun x => if xorb (greater (probe_value w a x) 0) (greater (probe_value (transported k P a b w) b x) 0)
                   then probe_value w a x ^ 2 else 0).

(** P(|w.f| <= gamma) *)
Definition probe_within (n : nat) (w : nat -> R) (a : model) (gamma : R) : R :=
  share n (fun x => negb (greater (Rabs (probe_value w a x)) gamma)).

(** *** Flip thresholds *)

(** The largest of k positive numbers and, beside it, the second largest. *)
Fixpoint two_largest (k : nat) (p : nat -> R) : R * R :=
  match k with
  | O => (0, 0)
  | S y => let (first, second) := two_largest y p in
           if greater (p y) first then (p y, first) else (first, Rmax second (p y))
  end.

(** The least KL(p || p'), KL(p' || p), ||Delta||^2 of a distribution p' whose top label is another one, from p_1 and
    p_2. *)
Definition kl_threshold (p : R * R) : R :=
  fst p * ln (2 * fst p / (fst p + snd p)) + snd p * ln (2 * snd p / (fst p + snd p)).
Definition reversed_kl_threshold (p : R * R) : R := - ln (1 - (sqrt (fst p) - sqrt (snd p)) ^ 2).
Definition squared_logit_threshold (p : R * R) : R := ln (fst p / snd p) ^ 2 / 2.

Definition total_variation_threshold (p : R * R) : R := (fst p - snd p) / 2.

(** TV(p, p') = (1/2) sum |p - p'|, its mean over n inputs. *)
Definition mean_total_variation (n k : nat) (a b : model) : R :=
  mean n (fun x => sum k (fun y => Rabs (probability k a x y - probability k b x y)) / 2).

(** E[threshold of p; top labels differ] *)
Definition cost_of_flips (n k : nat) (threshold : R * R -> R) (a b : model) : R :=
  mean n (fun x => if top_labels_differ k (centred_logit k a x) (centred_logit k b x)
                   then threshold (two_largest k (probability k a x)) else 0).

(** P(KL(p || p') >= the larger of the thresholds of p, and of p' for the reversed KL) *)
Definition uncertified (n k : nat) (a b : model) : R :=
  share n (fun x => negb (greater (Rmax (kl_threshold (two_largest k (probability k a x)))
                                        (reversed_kl_threshold (two_largest k (probability k b x))))
                                  (kl k (probability k a x) (probability k b x)))).

(** *** Quadratic forms beside KL *)

(** u^T Sigma_w v, Sigma_w = diag w - w w^T / sum w. *)
Definition weighted_covariance (k : nat) (w u v : nat -> R) : R :=
  sum k (fun y => w y * u y * v y) - sum k (fun y => w y * u y) * sum k (fun y => w y * v y) / sum k w.

(** v^T Sigma_w v: the sum of w v^2 about the weighted mean of v. *)
Definition weighted_variance (k : nat) (w v : nat -> R) : R := weighted_covariance k w v v.

Definition smaller_probability (k : nat) (a b : model) (x y : nat) : R :=
  Rmin (probability k a x y) (probability k b x y).
Definition larger_probability (k : nat) (a b : model) (x y : nat) : R :=
  Rmax (probability k a x y) (probability k b x y).

(** t = log(p'/p) *)
Definition log_ratio (k : nat) (a b : model) (x y : nat) : R := ln (probability k b x y / probability k a x y).

(** E Delta^T Sigma_w Delta, w = min(p, p'); E sum w t^2 for w the smaller and the larger probability. *)
Definition overlap_form (n k : nat) (a b : model) : R :=
  mean n (fun x => weighted_variance k (smaller_probability k a b x) (difference k a b x)).
Definition smaller_form (n k : nat) (a b : model) : R :=
  mean n (fun x => sum k (fun y => smaller_probability k a b x y * log_ratio k a b x y ^ 2)).
Definition larger_form (n k : nat) (a b : model) : R :=
  mean n (fun x => sum k (fun y => larger_probability k a b x y * log_ratio k a b x y ^ 2)).

(** E sum_y (log max(p, eps) - log max(p', eps))^2 *)
Definition squared_clipped_distance (n k : nat) (eps : R) (a b : model) : R :=
  mean n (fun x => sum k (fun y => (ln (Rmax (probability k a x y) eps) - ln (Rmax (probability k b x y) eps)) ^ 2)).

(** E Var_p(Delta) *)
Definition squared_fisher_distance (n k : nat) (a b : model) : R :=
  mean n (fun x => variance k (probability k a x) (difference k a b x)).

(** The model at temperature T: its logits are divided by T. *)
Definition heated (T : R) (a : model) : model :=
  Model (dimension a) (fun x i => embedding a x i / T) (unembedding a).

(** A vector of V = col[Gc, G'c]. *)
Definition spanned (k : nat) (a b : model) (u v : nat -> R) (y : nat) : R := image k a u y + image k b v y.

(** osc Delta(x) <= r *)
Definition range_at_most (k : nat) (v : nat -> R) (r : R) : Prop :=
  forall y z, (y < k)%nat -> (z < k)%nat -> v y - v z <= r.

(** *** The alignment of each input *)

(** u^T I_w v, I_w = Gc^T Sigma_w Gc, w = min(p, p') *)
Definition information (k : nat) (a b : model) (x : nat) (u v : nat -> R) : R :=
  weighted_covariance k (smaller_probability k a b x) (image k a u) (image k a v).

(** h = A_w f', A_w = I_w^-1 Gc^T Sigma_w G'c, by the normal equations: I_w h = Gc^T Sigma_w u'. *)
Definition own_alignment (k : nat) (a b : model) (x : nat) (h : nat -> R) : Prop :=
  forall v, information k a b x v h
            = weighted_covariance k (smaller_probability k a b x) (image k a v) (centred_logit k b x).

(** r_w = f - A_w f' *)
Definition own_residual (a : model) (h : nat -> nat -> R) (x i : nat) : R := embedding a x i - h x i.

(** The mean over all inputs of what counts as zero on some of them: those where I_w is all but singular. *)
Definition mean_where (n : nat) (counts : nat -> bool) (f : nat -> R) : R :=
  mean n (fun x => if counts x then f x else 0).

(** E r_w^T I_w r_w, E||f - A_w f'||^2 and E(v . (f - A_w f'))^2 *)
Definition form_of_residual (n k : nat) (counts : nat -> bool) (h : nat -> nat -> R) (a b : model) : R :=
  mean_where n counts (fun x => information k a b x (own_residual a h x) (own_residual a h x)).
Definition squared_own_residual (n : nat) (counts : nat -> bool) (h : nat -> nat -> R) (a : model) : R :=
  mean_where n counts (fun x => squared_norm (dimension a) (own_residual a h x)).
Definition own_probe_residual (n : nat) (counts : nat -> bool) (h : nat -> nat -> R) (v : nat -> R) (a : model) : R :=
  mean_where n counts (fun x => dot (dimension a) v (own_residual a h x) ^ 2).

(** *** The square: labels at r times e1, e2, -e1, -e2, inputs at the same corners; labels 0 and 1 are exchanged in the
    second model, together with their inputs *)

Definition corner (x i : nat) : R :=
  match x, i with
  | 0%nat, 0%nat => 1
  | 1%nat, 1%nat => 1
  | 2%nat, 0%nat => -1
  | 3%nat, 1%nat => -1
  | _, _ => 0
  end.
Definition exchanged_corner (x : nat) : nat -> R :=
  match x with 0%nat => corner 1 | 1%nat => corner 0 | _ => corner x end.
Definition square_model (r : R) : model := Model 2 corner (fun y i => r * corner y i).
Definition exchanged_square (r : R) : model := Model 2 exchanged_corner (fun y i => r * exchanged_corner y i).

(** *** The other forms of the squared logit distance *)

(** (1/2k) E sum_ij (d_i - d_j)^2 with d the difference of the logits as they are. *)
Definition pair_form (n k : nat) (a b : model) : R :=
  mean n (fun x => sum k (fun i => sum k (fun j =>
    ((logit a x i - logit b x i) - (logit a x j - logit b x j)) ^ 2))) / (2 * INR k).

(** E ||log p - log p', centred||^2 *)
Definition projection_form (n k : nat) (a b : model) : R :=
  mean n (fun x => squared_norm k (centred k (fun y => ln (probability k a x y) - ln (probability k b x y)))).

(** ** Squared norms and centring *)

Lemma squared_norm_equal k v w : (forall y, (y < k)%nat -> v y = w y) -> squared_norm k v = squared_norm k w.
Proof. intro equal. apply sum_equal. intros y inside. now rewrite equal. Qed.

Lemma squared_norm_nonnegative k v : 0 <= squared_norm k v.
Proof. apply sum_nonnegative. intros. apply pow2_ge_0. Qed.

Lemma squared_norm_opposite k v : squared_norm k (fun y => - v y) = squared_norm k v.
Proof. apply sum_equal. intros. ring. Qed.

Lemma squared_norm_times k c v : squared_norm k (fun y => c * v y) = c ^ 2 * squared_norm k v.
Proof. unfold squared_norm. rewrite <- sum_times. apply sum_equal. intros. ring. Qed.

Lemma squared_norm_of_zero k v : squared_norm k v = 0 -> forall y, (y < k)%nat -> v y = 0.
Proof.
  intros zero y inside.
  assert (v y ^ 2 = 0) by (apply (terms_of_zero_sum k (fun y => v y ^ 2)); auto; intros; apply pow2_ge_0).
  nra.
Qed.

Lemma squared_norm_is_dot k v : squared_norm k v = dot k v v.
Proof. apply sum_equal. intros. ring. Qed.

Lemma dot_equal m v v' w w' :
  (forall i, (i < m)%nat -> v i = v' i) -> (forall i, (i < m)%nat -> w i = w' i) -> dot m v w = dot m v' w'.
Proof. intros left right. apply sum_equal. intros i inside. now rewrite left, right. Qed.

Lemma dot_commutes m v w : dot m v w = dot m w v.
Proof. apply sum_equal. intros. ring. Qed.

Lemma dot_minus m v w w' : dot m v (fun i => w i - w' i) = dot m v w - dot m v w'.
Proof. unfold dot. rewrite <- sum_minus. apply sum_equal. intros. ring. Qed.

Lemma dot_opposite m v w : dot m v (fun i => - w i) = - dot m v w.
Proof. unfold dot. rewrite <- sum_opposite. apply sum_equal. intros. ring. Qed.

Lemma squared_dot_at_most m v w : dot m v w ^ 2 <= squared_norm m v * squared_norm m w.
Proof.
  rewrite !squared_norm_is_dot. replace (dot m v w ^ 2) with (dot m v w * dot m v w) by ring.
  apply cauchy_schwarz.
Qed.

Lemma centred_equal k v w : (forall y, (y < k)%nat -> v y = w y) ->
  forall y, (y < k)%nat -> centred k v y = centred k w y.
Proof. intros equal y inside. unfold centred. now rewrite (mean_equal k v w equal), equal. Qed.

(** Centring removes what all labels share. *)
Lemma centred_shift k v c y : (0 < k)%nat -> centred k (fun z => v z + c) y = centred k v y.
Proof. intro some. unfold centred. rewrite mean_plus, mean_constant by exact some. ring. Qed.

Lemma centred_minus k v w y : centred k (fun z => v z - w z) y = centred k v y - centred k w y.
Proof. unfold centred, mean, Rdiv. rewrite sum_minus. ring. Qed.

Lemma sum_of_centred k v : (0 < k)%nat -> sum k (centred k v) = 0.
Proof.
  intro some. unfold centred, mean. rewrite sum_minus, sum_constant. field.
  apply Rgt_not_eq, positive_size, some.
Qed.

(** ||v - c 1||^2 = ||v centred||^2 + k (mean of v - c)^2: centring is the projection orthogonal to 1. *)
Lemma squared_norm_about k v c : (0 < k)%nat ->
  squared_norm k (fun y => v y - c) = squared_norm k (centred k v) + INR k * (mean k v - c) ^ 2.
Proof.
  intro some. unfold squared_norm.
  rewrite (sum_equal k _ (fun y => centred k v y ^ 2 + (2 * (mean k v - c) * centred k v y + (mean k v - c) ^ 2))).
  2: { intros. unfold centred. ring. }
  rewrite sum_plus, sum_plus, sum_times, sum_of_centred, sum_constant by exact some. ring.
Qed.

Lemma centring_shortens k v c : (0 < k)%nat -> squared_norm k (centred k v) <= squared_norm k (fun y => v y - c).
Proof.
  intro some. rewrite (squared_norm_about k v c some).
  pose proof (positive_size k some). pose proof (pow2_ge_0 (mean k v - c)). nra.
Qed.

(** The label-centred logits are the logits, centred. *)
Lemma centred_logit_is_centred k a x y : centred_logit k a x y = centred k (logit a x) y.
Proof.
  unfold centred_logit, centred_unembedding, centred, logit, mean, dot, Rdiv.
  rewrite sum_exchange, <- sum_times_right, <- sum_minus. apply sum_equal. intros i _.
  rewrite sum_times. ring.
Qed.

Lemma difference_is_centred k a b x y : difference k a b x y = centred k (fun z => logit a x z - logit b x z) y.
Proof. unfold difference. now rewrite !centred_logit_is_centred, centred_minus. Qed.

Lemma sum_of_differences k a b x : (0 < k)%nat -> sum k (difference k a b x) = 0.
Proof.
  intro some. rewrite (sum_equal k _ (centred k (fun z => logit a x z - logit b x z))).
  - now apply sum_of_centred.
  - intros. apply difference_is_centred.
Qed.

(** ** Softmax *)

Lemma partition_positive k u : (0 < k)%nat -> 0 < sum k (fun z => exp (u z)).
Proof. intro some. apply sum_positive; [exact some|]. intros. apply exp_pos. Qed.

Lemma softmax_distribution k u : (0 < k)%nat -> distribution k (softmax k u).
Proof.
  intro some. pose proof (partition_positive k u some) as positive. split.
  - intros y _. apply Rdiv_lt_0_compat; [apply exp_pos | exact positive].
  - unfold softmax. rewrite sum_over. field. lra.
Qed.

(** log softmax is the logits minus the logarithm of the partition. *)
Lemma log_softmax k u y : (0 < k)%nat -> ln (softmax k u y) = u y - ln (sum k (fun z => exp (u z))).
Proof.
  intro some. pose proof (partition_positive k u some).
  unfold softmax, Rdiv. rewrite ln_mult, ln_exp, ln_Rinv; auto using exp_pos, Rinv_0_lt_compat.
Qed.

Lemma softmax_equal k u v y :
  (forall z, (z < k)%nat -> u z = v z) -> (y < k)%nat -> softmax k u y = softmax k v y.
Proof.
  intros equal inside. unfold softmax. rewrite (equal y inside). f_equal. apply sum_equal.
  intros z z_inside. now rewrite equal.
Qed.

Lemma softmax_shift k u c y : (0 < k)%nat -> softmax k (fun z => u z + c) y = softmax k u y.
Proof.
  intro some. pose proof (partition_positive k u some). pose proof (exp_pos c).
  unfold softmax. rewrite exp_plus, (sum_equal k (fun z => exp (u z + c)) (fun z => exp (u z) * exp c)).
  - rewrite sum_times_right. field. lra.
  - intros. apply exp_plus.
Qed.

(** Each distribution of full support is the softmax of its logarithms. *)
Lemma softmax_of_logarithms k p y : distribution k p -> (y < k)%nat -> softmax k (fun z => ln (p z)) y = p y.
Proof.
  intros [positive total] inside. unfold softmax. rewrite exp_ln by auto.
  rewrite (sum_equal k _ p) by (intros; apply exp_ln; auto). rewrite total. field.
Qed.

Lemma probability_distribution k a x : (0 < k)%nat -> distribution k (probability k a x).
Proof. apply softmax_distribution. Qed.

Lemma probability_positive k a x y : (0 < k)%nat -> (y < k)%nat -> 0 < probability k a x y.
Proof. intros some. apply (probability_distribution k a x some). Qed.

Lemma probability_total k a x : (0 < k)%nat -> sum k (probability k a x) = 1.
Proof. intros some. apply (probability_distribution k a x some). Qed.

(** The centred logits are the centred log-probabilities: they depend on the distribution only. *)
Lemma difference_of_log_probabilities k a b x y : (0 < k)%nat ->
  difference k a b x y = centred k (fun z => ln (probability k a x z) - ln (probability k b x z)) y.
Proof.
  intro some. rewrite difference_is_centred.
  unfold centred. unfold probability. rewrite !log_softmax by exact some.
  set (shift := ln (sum k (fun z => exp (logit b x z))) - ln (sum k (fun z => exp (logit a x z)))).
  rewrite (mean_equal k (fun z => ln (softmax k (logit a x) z) - ln (softmax k (logit b x) z))
             (fun z => logit a x z - logit b x z + shift)).
  - rewrite mean_plus, mean_constant by exact some. unfold shift. ring.
  - intros. rewrite !log_softmax by exact some. unfold shift. ring.
Qed.

(** ** Models by their distributions: every family of distributions is that of a model, with m = k *)

(** The model whose logits are given: the coordinates are the labels. *)
Definition model_of_logits (k : nat) (u : nat -> nat -> R) : model :=
  Model k u (fun y i => if Nat.eqb y i then 1 else 0).

Lemma logit_of_model_of_logits k u x y : (y < k)%nat -> logit (model_of_logits k u) x y = u x y.
Proof.
  intro inside. unfold logit, dot. simpl. rewrite <- (sum_of_one k y (u x) inside).
  apply sum_equal. intros i _. destruct (Nat.eqb y i); ring.
Qed.

(** The model of one dimension with one input: its logits are the unembeddings. *)
Definition model_of_one_input (u : nat -> R) : model := Model 1 (fun _ _ => 1) (fun y _ => u y).

Lemma logit_of_one_input u x y : logit (model_of_one_input u) x y = u y.
Proof. unfold logit, dot. simpl. ring. Qed.

Lemma probability_of_one_input k u x y : probability k (model_of_one_input u) x y = softmax k u y.
Proof.
  unfold probability, softmax. rewrite logit_of_one_input. f_equal. apply sum_equal.
  intros. now rewrite logit_of_one_input.
Qed.

(** The model whose distribution, on every input, is a given one. *)
Definition model_of_distribution (p : nat -> R) : model := model_of_one_input (fun y => ln (p y)).

Lemma probability_of_distribution k p x y : distribution k p -> (y < k)%nat ->
  probability k (model_of_distribution p) x y = p y.
Proof.
  intros full inside. unfold model_of_distribution. rewrite probability_of_one_input.
  now apply softmax_of_logarithms.
Qed.

(** ** KL *)

Lemma log_of_ratio p q : 0 < p -> 0 < q -> ln (p / q) = ln p - ln q.
Proof.
  intros. unfold Rdiv. rewrite ln_mult, ln_Rinv; auto using Rinv_0_lt_compat.
Qed.

Lemma kl_equal k p p' q q' : (forall y, (y < k)%nat -> p y = p' y) -> (forall y, (y < k)%nat -> q y = q' y) ->
  kl k p q = kl k p' q'.
Proof. intros left right. apply sum_equal. intros y inside. now rewrite left, right. Qed.

(** KL(p || q) is a sum of non-negative terms, p (log(p/q) - 1) + q: the masses of p and q cancel. *)
Lemma kl_as_terms k p q : distribution k p -> distribution k q ->
  kl k p q = sum k (fun y => p y * (ln (p y) - ln (q y) - 1) + q y).
Proof.
  intros [p_positive p_total] [q_positive q_total].
  rewrite (sum_equal k _ (fun y => p y * ln (p y / q y) - (p y - q y))).
  - rewrite sum_minus, sum_minus, p_total, q_total. unfold kl. ring.
  - intros y inside. rewrite log_of_ratio by auto. ring.
Qed.

Lemma kl_of_models_of_distributions k p q : distribution k p -> distribution k q ->
  kl_divergence 1 k (model_of_distribution p) (model_of_distribution q) = kl k p q.
Proof.
  intros full full'. unfold kl_divergence. rewrite mean_of_one.
  apply kl_equal; intros; now apply probability_of_distribution.
Qed.

Lemma squared_distance_of_distributions k p q :
  squared_logit_distance 1 k (model_of_distribution p) (model_of_distribution q)
  = squared_norm k (centred k (fun y => ln (p y) - ln (q y))).
Proof.
  unfold squared_logit_distance. rewrite mean_of_one. apply squared_norm_equal. intros y inside.
  rewrite difference_is_centred. apply centred_equal; [|exact inside].
  intros. unfold model_of_distribution. now rewrite !logit_of_one_input.
Qed.

Lemma floor_of_distribution n k p tau : distribution k p -> (forall y, (y < k)%nat -> tau <= p y) ->
  floor n k (model_of_distribution p) tau.
Proof. intros full least x y _ inside. rewrite probability_of_distribution; auto. Qed.
