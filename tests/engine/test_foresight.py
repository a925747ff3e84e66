"""Work walked on from where it stands: cases small enough to be counted by hand."""
from __future__ import annotations

from dataclasses import replace

from engine.foresight import WEEK, Case, Habit, Leaving, Standing, World, percentile, runs, spread
from engine.hours import NEVER, Cover, Hours

DAY = 24 * 60.0
ALWAYS = Hours([(0.0, 20 * WEEK)])
OFFICE = Hours([(day * DAY + 9 * 60, day * DAY + 17 * 60) for day in range(60)])  # eight hours a day
END = Leaving()
A, B, C = ("p", "a"), ("p", "b"), ("p", "c")


def task(lasts, ways=(END,), people=(1,), beside=()):
    return Habit(True, [float(lasts)] * 5, list(ways), list(beside), list(people))


def world(habits, cases, hours=None, **more):
    known = {(key, None, element): habit for (key, element), habit in habits.items()}
    return World(known, cases, hours or {1: ALWAYS}, **more)


def case(number, place=A, **standing):
    return Case(number, (Standing(place, promises={f"t{number}": 0.0}, **standing),))


def test_what_one_person_has_in_hand_gets_on_at_once_each_thing_the_slower_the_more_there_is():
    (run,) = runs(world({A: task(30), B: task(60)}, [case(1), case(2, B)]), 1)
    assert run.kept == {"t1": 60, "t2": 90}, "half an hour in common with the other takes an hour"
    assert run.ended == {1: 60, 2: 90}


def test_people_work_in_their_hours():
    (run,) = runs(world({A: task(300)}, [case(1), case(2)], {1: OFFICE}), 1)
    assert run.kept == {"t1": DAY + 9 * 60 + 120, "t2": DAY + 9 * 60 + 120}, "eight hours today, two tomorrow"


def test_who_is_away_does_it_when_he_is_back_and_others_take_what_comes():
    away = OFFICE.without([(0.0, 10 * DAY)])
    habits = {A: task(60, [Leaving(opens=(B,))]), B: task(60, people=(1, 2))}
    (run,) = runs(world(habits, [case(1, person=1), case(2, person=2)], {1: away, 2: OFFICE}), 1)
    assert run.kept == {"t2": 10 * 60, "t1": 10 * DAY + 10 * 60}
    assert run.ended[2] == 11 * 60, "the next step went to the one who was there"


def test_a_day_of_absence_in_the_middle_of_a_day_is_cut_out():
    cut = Hours([(0.0, 100.0)]).without([(20.0, 50.0)])
    assert cut.pieces == ((0.0, 20.0), (50.0, 100.0))
    assert (cut.worked(30), cut.worked(60), cut.moment(30), cut.moment(70), cut.moment(71)) == (20, 30, 60, 100, NEVER)


def test_branches_are_taken_as_often_as_before():
    habits = {A: task(1, [Leaving(opens=(B,))] * 3 + [Leaving(opens=(C,))]), B: task(1), C: task(10)}
    ends = [run.ended[1] for run in runs(world(habits, [case(1)]), 400)]
    assert 0.68 < ends.count(2) / len(ends) < 0.82
    assert set(ends) == {2, 11}


def test_a_join_opens_its_successor_when_the_last_branch_arrives():
    join = [Leaving(opens=(C,))]
    habits = {A: task(10, join, beside=[Leaving()]), B: task(30, join, (2,), beside=[Leaving()]), C: task(5)}
    both = Case(1, (Standing(A), Standing(B)))
    (run,) = runs(world(habits, [both], {1: ALWAYS, 2: ALWAYS}), 1)
    assert run.ended == {1: 35}


def test_a_message_that_comes_ends_the_timer_beside_it():
    wait = Habit(False, [100.0] * 5, [Leaving(ends=(B,))], [Leaving(ends=(B,))])
    timer = Habit(False, [500.0] * 5, [Leaving(opens=(C,))], [Leaving(opens=(C,))])
    (run,) = runs(world({A: wait, B: timer, C: task(1)}, [Case(1, (Standing(A), Standing(B)))]), 1)
    assert run.ended == {1: 100}


def test_what_was_put_off_waits_for_its_day_before_it_stands_in_line():
    put_off = Habit(True, [60.0] * 5, [Leaving()], people=[1], rests=[DAY] * 5)
    habits = {A: task(60, [Leaving(opens=(B,))]), B: put_off}
    (run,) = runs(world(habits, [case(1), case(2, B, until=2 * DAY)], horizon=WEEK), 1)
    assert run.ended == {1: 60 + DAY + 60, 2: 2 * DAY + 60}
    assert [sum(week.values()) for week in run.lines] == [0]


def test_what_has_lasted_for_long_is_compared_with_what_lasted_longer():
    known = Habit(False, [10.0, 20.0, 30.0, 40.0, 100.0], [Leaving()])
    found = {run.ended[1] for run in runs(world({A: known}, [case(1, age=35.0)]), 50)}
    assert found == {5, 65}


def test_with_too_few_past_passes_nothing_is_said():
    known = Habit(True, [10.0] * 4, [Leaving()], people=[1])
    (run,) = runs(world({A: known}, [case(1)]), 1)
    assert (run.stuck, run.ended, run.kept) == ({1}, {}, {"t1": NEVER})


def test_the_passes_of_the_own_version_count_first():
    known = {("p", None, "a"): task(100), ("p", 2, "a"): task(10)}
    new, old = Case(1, (Standing(A),), {"p": 2}), Case(2, (Standing(A),), {"p": 1})
    (run,) = runs(World(known, [new, old], {1: ALWAYS}), 1)
    assert run.ended == {1: 20, 2: 110}


def test_a_line_grows_when_more_comes_than_can_be_done_and_a_helper_shortens_it():
    habits, weeks = {A: task(WEEK / 2)}, [[Leaving(opens=(A,))] * 4]
    alone = list(runs(world(habits, [], weeks=weeks, horizon=4 * WEEK), 20))
    waiting = [spread([sum(run.lines[week].values()) for run in alone]) for week in range(4)]
    assert [low for low, _, _ in waiting] == sorted(low for low, _, _ in waiting)
    assert waiting[3][1] >= 8, "four come in a week and the work of two is done"
    helped = world(habits, [], {1: ALWAYS, 9: ALWAYS}, weeks=weeks, horizon=4 * WEEK, new={9: frozenset({1})})
    assert spread([sum(run.lines[3].values()) for run in runs(helped, 20)])[1] < waiting[3][1]


def test_the_same_question_has_the_same_answer():
    habits = {A: Habit(True, [1.0, 2.0, 3.0, 4.0, 50.0], [Leaving(opens=(A,)), Leaving()], people=[1])}
    asked = world(habits, [case(1), case(2)], weeks=[[Leaving(opens=(A,))], []])
    assert [run.ended for run in runs(asked, 5)] == [run.ended for run in runs(asked, 5)]
    assert [run.ended for run in runs(asked, 5)] != [run.ended for run in runs(asked, 5, seed=2)]


def test_percentiles_are_values_that_were_seen():
    assert (percentile([3, 1, 2], 0.5), spread(range(100)), percentile([], 0.5)) == (2, (10, 50, 90), NEVER)


def test_what_only_waits_for_others_neither_slows_other_work_nor_is_slowed_by_it():
    habits = {A: Habit(True, [60.0] * 5, [END], people=[1], paced=True), B: task(60)}
    (run,) = runs(world(habits, [case(1), case(2), case(3, B)], {1: OFFICE}), 1)
    assert run.kept == dict.fromkeys(("t1", "t2", "t3"), 10 * 60.0), "each an hour after the office opens"


def test_what_is_planned_for_a_day_is_done_as_long_before_it_as_such_things_that_were_left_as_long():
    habits = {A: Habit(True, [60.0] * 5, [END], people=[1], leads=[10 * DAY, DAY, DAY, DAY, -DAY])}
    found = {run.kept["t1"] for run in runs(world(habits, [case(1, day=3 * DAY)]), 60)}
    assert found == {2 * DAY + 1, 4 * DAY + 1}, "those done ten days before are over, one of four is late"


def test_what_is_planned_for_a_day_of_somebody_who_is_away_is_done_when_he_is_back():
    away = OFFICE.without([(DAY, 6 * DAY)])
    habits = {A: Habit(True, [60.0] * 5, [END], people=[1], leads=[DAY] * 5)}
    (run,) = runs(world(habits, [case(1, day=3 * DAY, person=1)], {1: away}), 1)
    assert run.kept == {"t1": 6 * DAY + 9 * 60 + 1}


def test_who_stands_in_does_the_work_of_the_absent_and_gives_back_what_is_left():
    away, cover = OFFICE.without([(DAY, 3 * DAY)]), Cover(1, 2, DAY, 3 * DAY)
    asked = world({A: task(600)}, [case(1, person=1)], {1: away, 2: OFFICE}, covers=[cover])
    (run,) = runs(asked, 1)
    assert run.kept == {"t1": DAY + 9 * 60 + 120}, "eight hours himself, two hours the substitute"
    (run,) = runs(replace(asked, habits=world({A: task(1500)}, []).habits), 1)
    assert run.kept == {"t1": 3 * DAY + 9 * 60 + 60}, "two days of the substitute, the last hour himself"
    (run,) = runs(replace(asked, covers=[replace(cover, procedure="other")]), 1)
    assert run.kept == {"t1": 3 * DAY + 9 * 60 + 120}, "another procedure is not what he stands in with"


def test_what_waits_for_others_or_is_for_a_day_goes_on_with_who_stands_in():
    away, cover = OFFICE.without([(0.0, 6 * DAY)]), Cover(1, 2, 0.0, 6 * DAY)
    paced = Habit(True, [60.0] * 5, [END], people=[1], paced=True)
    asked = world({A: paced}, [case(1, person=1)], {1: away, 2: OFFICE}, covers=[cover])
    assert next(runs(asked, 1)).kept == {"t1": 10 * 60}
    planned = Habit(True, [60.0] * 5, [END], people=[1], leads=[DAY] * 5)
    asked = world({A: planned}, [case(1, day=3 * DAY, person=1)], {1: away, 2: OFFICE}, covers=[cover])
    assert next(runs(asked, 1)).kept == {"t1": 2 * DAY + 9 * 60 + 1}
