(** * T3: the pivot-free alignment A* = P G'c, P the pseudo-inverse of Gc *)

From Coq Require Import Reals Lra Lia Arith.
From Formal Require Import Sums Softmax Statements.
Open Scope R_scope.

(** ** What is proved

    If s ||v|| <= ||Gc v|| for all v, then E||f - A* f'||^2 <= d_logit^2 / s^2; so with s the least singular value of
    Gc. For every Gc the constant is sharp. The reason is that f - A* f' = P Delta. *)

Example upper_bound_says : T3_upper_bound = (
  forall (n k : nat) (a b : model) (P : nat -> nat -> R) (s : R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P -> 0 < s -> resolves k a s ->
  squared_alignment_error n k P a b
  <= 1 * (squared_logit_distance n k a b / s ^ 2)).
Proof. reflexivity. Qed.

Example residual_is_the_inverted_difference_says : T3_residual_is_the_inverted_difference = (
  forall (n k : nat) (a b : model) (P : nat -> nat -> R),
  (0 < n)%nat -> (0 < k)%nat -> pseudo_inverse k a P ->
  squared_alignment_error n k P a b
  = mean n (fun x => squared_norm (dimension a) (applied k P (difference k a b x)))).
Proof. reflexivity. Qed.

(** ** The residual is the inverted difference *)

Lemma applied_minus k P v w i : applied k P (fun y => v y - w y) i = applied k P v i - applied k P w i.
Proof. apply dot_minus. Qed.

(** P u' = A* f' *)
Lemma applied_centred_logit k P b x i :
  applied k P (centred_logit k b x) i = dot (dimension b) (alignment k P b i) (embedding b x).
Proof.
  unfold applied, dot, centred_logit, alignment.
  rewrite (sum_equal k _ (fun y => sum (dimension b) (fun j => P i y * centred_unembedding k b y j * embedding b x j))).
  - rewrite sum_exchange. apply sum_equal. intros j _. apply sum_times_right.
  - intros y _. unfold dot. rewrite <- sum_times. apply sum_equal. intros. ring.
Qed.

(** P u = f, since P Gc = 1. *)
Lemma applied_own_logit k P a x i : pseudo_inverse k a P -> (i < dimension a)%nat ->
  applied k P (centred_logit k a x) i = embedding a x i.
Proof.
  intros [left_inverse _] inside. rewrite applied_centred_logit. unfold dot.
  rewrite <- (sum_of_one (dimension a) i (embedding a x) inside). apply sum_equal. intros j j_inside.
  unfold alignment. rewrite left_inverse by assumption. destruct (Nat.eqb i j); ring.
Qed.

Lemma residual_inverts_difference k P a b x i : pseudo_inverse k a P -> (i < dimension a)%nat ->
  residual k P a b x i = applied k P (difference k a b x) i.
Proof.
  intros inverse inside. unfold difference.
  rewrite applied_minus, applied_own_logit, applied_centred_logit by assumption.
  reflexivity.
Qed.

Theorem residual_is_the_inverted_difference : T3_residual_is_the_inverted_difference.
Proof.
  intros n k a b P _ _ inverse. apply mean_equal. intros x _. apply squared_norm_equal.
  intros. now apply residual_inverts_difference.
Qed.

(** ** Gc P projects: ||Gc P v|| <= ||v|| *)

(** The transpose of Gc, applied to Gc P v, is that applied to v: P v solves the least-squares problem Gc w ~ v. *)
Lemma normal_equations k P a v j : pseudo_inverse k a P -> (j < dimension a)%nat ->
  sum k (fun y => centred_unembedding k a y j * image k a (applied k P v) y)
  = sum k (fun z => centred_unembedding k a z j * v z).
Proof.
  intros [left_inverse symmetric] inside. set (m := dimension a) in *. set (G := centred_unembedding k a).
  transitivity (sum k (fun y => sum k (fun z => G y j * v z * dot m (G y) (fun i => P i z)))).
  { apply sum_equal. intros y _. unfold image, applied, dot. fold m G.
    rewrite (sum_equal m _ (fun i => sum k (fun z => G y i * (P i z * v z)))) by (intros; now rewrite <- sum_times).
    rewrite sum_exchange, <- sum_times. apply sum_equal. intros z _.
    rewrite <- !sum_times. apply sum_equal. intros. ring. }
  rewrite sum_exchange. apply sum_equal. intros z z_inside.
  transitivity (sum k (fun y => v z * sum m (fun i => G z i * (P i y * G y j)))).
  { apply sum_equal. intros y y_inside. unfold m, G. rewrite symmetric by assumption. fold m G.
    unfold dot. rewrite <- !sum_times. apply sum_equal. intros. ring. }
  rewrite sum_times, sum_exchange, Rmult_comm. f_equal.
  rewrite <- (sum_of_one m j (G z) inside). apply sum_equal. intros i i_inside.
  rewrite sum_times, left_inverse by assumption.
  destruct (Nat.eqb_spec i j), (Nat.eqb_spec j i); subst; try congruence; ring.
Qed.

Lemma image_orthogonal k P a v : pseudo_inverse k a P ->
  dot k (image k a (applied k P v)) (image k a (applied k P v)) = dot k (image k a (applied k P v)) v.
Proof.
  intro inverse. set (w := applied k P v).
  assert (moved : forall t, dot k (image k a w) t
    = sum (dimension a) (fun j => w j * sum k (fun y => centred_unembedding k a y j * t y))).
  { intro t. unfold dot, image.
    rewrite (sum_equal k _ (fun y => sum (dimension a) (fun j => w j * (centred_unembedding k a y j * t y)))).
    - rewrite sum_exchange. apply sum_equal. intros. now rewrite sum_times.
    - intros. unfold dot. rewrite <- sum_times_right. apply sum_equal. intros. ring. }
  rewrite !moved. apply sum_equal. intros j inside. f_equal. now apply normal_equations.
Qed.

Lemma projection_shortens k P a v : pseudo_inverse k a P ->
  squared_norm k (image k a (applied k P v)) <= squared_norm k v.
Proof.
  intro inverse. pose proof (image_orthogonal k P a v inverse) as orthogonal.
  set (w := image k a (applied k P v)) in *.
  (* 0 <= ||v - w||^2 = ||v||^2 - 2 w.v + ||w||^2 = ||v||^2 - ||w||^2 *)
  pose proof (squared_norm_nonnegative k (fun y => v y - w y)) as rest.
  rewrite (squared_norm_is_dot k w). rewrite orthogonal.
  replace (squared_norm k (fun y => v y - w y)) with (squared_norm k v - 2 * dot k w v + dot k w w) in rest.
  - lra.
  - unfold squared_norm, dot. rewrite <- sum_times, <- sum_minus, <- sum_plus. apply sum_equal. intros. ring.
Qed.

(** ** The bound *)

Theorem pivot_free_alignment : T3_upper_bound.
Proof.
  intros n k a b P s inputs labels inverse positive resolved. rewrite Rmult_1_l.
  apply (Rmult_le_reg_l (s ^ 2)); [nra|].
  replace (s ^ 2 * (squared_logit_distance n k a b / s ^ 2)) with (squared_logit_distance n k a b) by (field; lra).
  rewrite (residual_is_the_inverted_difference n k a b P inputs labels inverse).
  unfold squared_logit_distance. rewrite <- mean_times. apply mean_at_most; [exact inputs|]. intros x _.
  apply Rle_trans with (1 := resolved (applied k P (difference k a b x))). now apply projection_shortens.
Qed.

(** ** One is sharp for every Gc: one input f along the weakest direction, and a student that tells no labels apart *)

Definition indifferent : model := Model 0 (fun _ _ => 0) (fun _ _ => 0).

Theorem sharp_for_every_head k a P s c : (0 < k)%nat -> pseudo_inverse k a P -> 0 < s -> resolves k a s ->
  (exists v, 0 < squared_norm (dimension a) v /\ squared_norm k (image k a v) = s ^ 2 * squared_norm (dimension a) v) ->
  (forall f n b, (0 < n)%nat -> let teacher := Model (dimension a) f (unembedding a) in
     squared_alignment_error n k P teacher b <= c * (squared_logit_distance n k teacher b / s ^ 2)) -> 1 <= c.
Proof.
  intros labels inverse positive resolved [v [some weakest]] bound.
  specialize (bound (fun _ => v) 1%nat indifferent ltac:(lia)). cbv zeta in bound.
  set (teacher := Model (dimension a) _ _) in *.
  assert (logits : forall y, difference k teacher indifferent 0 y = image k a v y).
  { intro y. change (image k a v y - 0 = image k a v y). ring. }
  assert (distance : squared_logit_distance 1 k teacher indifferent = s ^ 2 * squared_norm (dimension a) v).
  { unfold squared_logit_distance. rewrite mean_of_one, <- weakest. apply squared_norm_equal. intros y _.
    apply logits. }
  assert (error : squared_alignment_error 1 k P teacher indifferent = squared_norm (dimension a) v).
  { unfold squared_alignment_error. rewrite mean_of_one. apply squared_norm_equal. intros i _.
    unfold residual, dot. simpl. ring. }
  rewrite distance, error in bound.
  replace (c * (s ^ 2 * squared_norm (dimension a) v / s ^ 2)) with (c * squared_norm (dimension a) v) in bound
    by (field; lra).
  apply (Rmult_le_reg_r (squared_norm (dimension a) v)); lra.
Qed.

(** So it is for the head of two labels at 1/2 and -1/2, whose singular value is the root of 1/2. *)
Definition two_sides (y : nat) : R := match y with O => 1 / 2 | _ => - (1 / 2) end.

Lemma centred_two_sides y i : centred_unembedding 2 (model_of_one_input two_sides) y i = two_sides y.
Proof. unfold centred_unembedding, centred, mean. simpl. field. Qed.

Lemma two_sides_inverse : pseudo_inverse 2 (model_of_one_input two_sides) (fun _ y => 2 * two_sides y).
Proof.
  split.
  - intros i j i_inside j_inside. simpl in i_inside, j_inside. replace i with 0%nat by lia. replace j with 0%nat by lia.
    simpl. rewrite !centred_two_sides. simpl. field.
  - intros y z _ _. unfold dot. simpl. rewrite !centred_two_sides. ring.
Qed.

Lemma two_sides_lengths v :
  squared_norm 2 (image 2 (model_of_one_input two_sides) v) = sqrt (1 / 2) ^ 2 * squared_norm 1 v.
Proof.
  replace (sqrt (1 / 2) ^ 2) with (1 / 2) by (rewrite <- Rsqr_pow2, Rsqr_sqrt; lra).
  unfold squared_norm, image, dot. simpl. rewrite !centred_two_sides. simpl. field.
Qed.

Theorem pivot_free_constant_is_sharp : T3_upper_bound_sharp.
Proof.
  intros c bound. set (a := model_of_one_input two_sides).
  assert (positive : 0 < sqrt (1 / 2)) by (apply sqrt_lt_R0; lra).
  assert (resolved : resolves 2 a (sqrt (1 / 2))) by (intro v; right; symmetry; apply two_sides_lengths).
  apply (sharp_for_every_head 2 a (fun _ y => 2 * two_sides y) (sqrt (1 / 2)) c ltac:(lia) two_sides_inverse positive
    resolved).
  - exists (fun _ => 1). split; [unfold squared_norm; simpl; lra | apply two_sides_lengths].
  - intros f n b inputs teacher.
    apply bound; [exact inputs | lia | exact two_sides_inverse | exact positive | exact resolved].
Qed.
