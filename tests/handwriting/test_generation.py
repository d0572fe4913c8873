"""Writing point after point: where a line ends, and what makes a line fail."""

import numpy as np
import pytest
import torch

from multimodal.handwriting.candidates import NOT_ENDED, TextChunk, count_faults
from multimodal.handwriting.chunks import _after, _Candidates, write_chunks
from multimodal.handwriting.generation import WrittenLine, write_lines
from multimodal.handwriting.model import END_OF_LINE, LIFTED
from multimodal.handwriting.options import HandwritingOptions
from multimodal.handwriting.style import Style
from multimodal.handwriting.written import LINGERING, MORE_POINTS, POINTS_PER_CHARACTER, most_points
from multimodal.recurrent.mixture import MixtureOutput

OUTPUT = MixtureOutput(components=1, pen_states=3)
STYLE = Style("1", (0.0,) * 4, pace=40.0)


class Marching:
    """Pens that move to the right, whose window goes on by a share of a cell with every point."""

    def __init__(self, cells, paces, end_logit=20.0) -> None:
        self.cells, self.paces = cells, torch.tensor(paces)
        self.end_logit = end_logit
        self.steps = 0
        self.batches = []

    def move(self, points):
        self.steps += 1
        self.batches.append(len(points))
        vectors = torch.zeros(len(points), OUTPUT.size)
        vectors[:, END_OF_LINE] = self.end_logit
        vectors[:, LIFTED] = -20
        vectors[:, 4] = 1.0  # the mean of dx
        vectors[:, 6:8] = -16.0  # no spread to speak of
        self.looks = torch.zeros(len(points), self.cells)
        places = (self.steps * self.paces).long().clamp(max=self.cells - 1)
        self.looks[torch.arange(len(points)), places] = 1
        return vectors

    def keep(self, rows):
        self.paces = self.paces[rows]
        return self


def written(pens, lengths, seeds=None):
    first = torch.zeros(len(lengths), 4)
    return write_lines(pens, first, torch.tensor(lengths), OUTPUT, seeds or [1] * len(lengths), 0.0)


def test_a_line_ends_when_the_window_has_come_to_the_end():
    (line,) = written(Marching(4, [0.5]), [4])
    assert line.ended
    # The end is cell 3, reached at the sixth move, which draws the end in place of a point.
    assert len(line.rows) == 6
    assert line.rows[:, 0].tolist() == pytest.approx([0, 1, 1, 1, 1, 1])
    assert line.looks.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_window_that_never_comes_there_is_stopped_by_the_limit():
    (line,) = written(Marching(4, [0.001]), [4])
    assert not line.ended
    assert len(line.rows) == 1 + most_points(4) == 1 + MORE_POINTS + 4 * POINTS_PER_CHARACTER


def test_a_pen_that_will_not_stop_is_stopped_at_the_end():
    (line,) = written(Marching(4, [0.5], end_logit=-20.0), [4])
    assert not line.ended
    assert len(line.rows) == 1 + 5 + LINGERING + 1


def test_lines_leave_when_they_end_and_do_not_disturb_the_others():
    paces = [0.5, 0.05, 0.25]
    pens = Marching(4, paces)
    lines = written(pens, [4, 4, 4], [1, 2, 3])
    assert [line.ended for line in lines] == [True] * 3
    assert [len(line.rows) for line in lines] == [6, 60, 12]
    assert pens.batches[0] == 3
    assert pens.batches[-1] == 1


def line_of(looks, ended=True, width=10.0):
    rows = np.zeros((len(looks), 3), dtype=np.float32)
    rows[1:, 0] = width / max(len(looks) - 1, 1)
    return WrittenLine(rows, np.array(looks), ended, np.zeros(len(rows), np.float32))


@pytest.mark.parametrize(
    ("line", "text", "count"),
    [
        (line_of([0, 0, 1, 1, 2]), "abc", 0),
        (line_of([0, 0, 2, 2]), "a c", 0),  # a space needs no look
        (line_of([0, 0, 2, 2]), "abc", 1),
        (line_of([0, 0, 1, 1]), "abc", 1),
        (line_of([0] + [1] * 61), "ab", 1),
        (line_of([0, 0, 1, 1], width=40.0 * 4 * 3 + 1), "ab", 1),
        (line_of([0, 0, 1, 1], ended=False), "ab", NOT_ENDED),
    ],
)
def test_faults(line, text, count):
    assert count_faults(line, TextChunk(text, STYLE), scale=1.0) == count


@pytest.fixture
def tries(monkeypatch):
    """Lets write_chunks write lines that only come out right at a later attempt."""
    seen = []

    def arrange(good_from):
        def fake(drafts, *_):
            seen.append((drafts.seeds, [piece.text for piece in drafts.pieces]))
            attempt = len(seen) - 1
            lines = [
                line_of([0, 0, 1, 1])
                if attempt >= good_from.get(piece.text, 0)
                else line_of([0, 0] if attempt % 2 else [0, 0, 1, 1], ended=attempt % 2 == 1)
                for piece in drafts.pieces
            ]
            return lines, [0.0] * len(lines)

        monkeypatch.setattr(_Candidates, "written", fake)
        return seen

    return arrange


def test_only_what_fails_is_written_anew_from_its_own_seeds(tries):
    seen = tries({"cd": 2})
    pieces = [TextChunk(text, STYLE) for text in ("ab", "cd", "ef")]
    lines = write_chunks(None, pieces, 1.0, HandwritingOptions(seed=5, num_candidates=1))
    assert [texts for _, texts in seen] == [["ab", "cd", "ef"], ["cd"], ["cd"]]
    assert all(line.ended for line in lines)
    again = tries({})
    seen.clear()
    write_chunks(None, pieces, 1.0, HandwritingOptions(seed=5, num_candidates=1))
    first = seen[0][0]
    assert len(set(first)) == 3
    del again


def test_when_all_fail_the_least_bad_is_taken(tries):
    seen = tries({"ab": 99})
    (line,) = write_chunks(
        None, [TextChunk("ab", STYLE)], 1.0, HandwritingOptions(attempts=4, num_candidates=1)
    )
    assert len(seen) == 4
    assert line.ended  # it missed a letter, but came to its end
    assert len({seeds[0] for seeds, _ in seen}) == 4


def test_of_the_drafts_without_a_fault_the_least_doubtful_is_kept(monkeypatch):
    drafts = {
        "ab": [(9, line_of([0, 0, 1, 1])), (-5, line_of([0, 0, 1])), (-9, line_of([0, 0]))],
        "cd": [(2, line_of([0, 1])), (3, line_of([0, 0, 1])), (4, line_of([0, 0, 1, 1]))],
    }
    seeds = []

    def written(self, *_):
        seeds.extend(self.seeds)
        assert [piece.text for piece in self.pieces] == ["ab"] * 3 + ["cd"] * 3
        doubts, lines = zip(*drafts["ab"], *drafts["cd"], strict=True)
        return list(lines), list(doubts)

    monkeypatch.setattr(_Candidates, "written", written)
    pieces = [TextChunk("ab", STYLE), TextChunk("cd", STYLE)]
    lines = write_chunks(None, pieces, 1.0, HandwritingOptions(num_candidates=3))
    assert len(set(seeds)) == 6
    assert lines == [drafts["ab"][1][1], drafts["cd"][0][1]]  # "ab" of two points has no b


def test_what_was_written_on_from_is_left_out():
    line = _after(line_of([3, 4, 5, 6], width=30.0), begun=4)
    assert line.rows[:, 0].tolist() == pytest.approx([0, 10, 10])
    assert line.looks.tolist() == [0, 1, 2]
    nothing = _after(line_of([3]), begun=4)
    assert len(nothing.rows) == 1
    assert count_faults(nothing, TextChunk("ab", STYLE), scale=1.0) > 0
