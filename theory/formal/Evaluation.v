(** * Values of the definitions on given models, by interval arithmetic *)

From Coq Require Import Reals List Lra.
From Interval Require Import Tactic.
From Formal Require Import Sums Softmax Scalars.
Import ListNotations.
Open Scope R_scope.

(** Vectors and matrices by their entries. *)
Definition vector (values : list R) (i : nat) : R := nth i values 0.
Definition entries (rows : list (list R)) (x i : nat) : R := nth i (nth x rows nil) 0.

(** Of two branches of a choice, that which the enclosures of two numbers exclude is closed. *)
Ltac by_enclosure := interval with (i_prec 60).

Ltac without_choice x :=
  lazymatch x with
  | context [Rlt_dec _ _] => fail
  | context [Rle_dec _ _] => fail
  | context [Req_EM_T _ _] => fail
  | _ => idtac
  end.

Ltac decide_choice :=
  let chosen := fresh "chosen" in
  match goal with
  | |- context [Rlt_dec ?x ?y] => without_choice x; without_choice y; destruct (Rlt_dec x y) as [chosen | chosen];
      [try (exfalso; apply (Rlt_not_le _ _ chosen); by_enclosure) | try (exfalso; apply chosen; by_enclosure)]
  | |- context [Rle_dec ?x ?y] => without_choice x; without_choice y; destruct (Rle_dec x y) as [chosen | chosen];
      [try (exfalso; apply (Rle_not_lt _ _ chosen); by_enclosure) | try (exfalso; apply chosen; by_enclosure)]
  | |- context [Req_EM_T ?x ?y] => without_choice x; without_choice y; destruct (Req_EM_T x y) as [chosen | chosen];
      [exfalso; revert chosen; first [apply Rgt_not_eq; by_enclosure | apply Rlt_not_eq; by_enclosure] |]
  end; clear chosen.

(** Unfold every definition down to the operations on real numbers, and enclose what is left. *)
Ltac evaluate :=
  cbv beta iota zeta delta -[Rplus Rminus Rmult Rdiv Ropp Rinv Rabs Rle IZR pow exp ln sqrt Rlt_dec Rle_dec Req_EM_T];
  repeat (decide_choice; cbv beta iota zeta delta [xorb negb andb orb fst snd]);
  by_enclosure.
