"""Other grids made of a small one: parts of it, and what would be if its students were others."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from empirics.experiment import Student
from reports.distill.run import Report, report_on


def part_of(report: Report, losses: int, seeds: int) -> Report:
    """Return the report on the first losses and seeds of the grid."""
    grid = report.grid
    plan = replace(
        grid.plan,
        losses=grid.plan.losses[:losses],
        preset=replace(grid.plan.preset, teachers=seeds, students=seeds),
    )
    names = [loss.name for loss in plan.losses]
    students = tuple(s for s in grid.students if s.loss in names and max(s.seed, s.teacher_seed) < seeds)
    return report_on(replace(grid, plan=plan, teachers=grid.teachers[:seeds], students=students), report.command)


def changed(report: Report, change: Callable[[Student], Student]) -> Report:
    """Return the report on the grid after something has been done to every student."""
    return report_on(replace(report.grid, students=tuple(map(change, report.grid.students))), report.command)


def violating(student: Student) -> Student:
    """Return the student with a first statement that does not hold."""
    first, *others = student.guarantees
    return replace(student, guarantees=(replace(first, applies=True, truth=2.0, bound=1.0, holds=False), *others))


def without_concepts(report: Report) -> Report:
    """Return the report on the grid as if its data had no concepts."""
    facts = dict(report.grid.facts) | {"concepts": {}}
    students = tuple(replace(student, concepts={}) for student in report.grid.students)
    return replace(report, grid=replace(report.grid, facts=facts, students=students))


def of_dimensions(report: Report, teacher: int, student: int) -> Report:
    """Return the report on the grid with embeddings drawn at random, of so many dimensions."""
    rng = np.random.default_rng(0)
    n = len(report.grid.teachers[0].predicted)
    teachers = tuple(replace(t, embeddings=rng.standard_normal((n, teacher))) for t in report.grid.teachers)
    students = tuple(replace(s, embeddings=rng.standard_normal((n, student))) for s in report.grid.students)
    return replace(report, grid=replace(report.grid, teachers=teachers, students=students))
