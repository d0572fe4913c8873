import pytest

from multimodal.language.form import (
    FORMS,
    balanced,
    dollars_paired,
    environments_match,
    syllables,
    tokenise_c,
)

C = r"""
#include <linux/mm.h>
#define MAX(a, b) ((a) > (b) ? (a) : (b)) /* isn't
   that "fine" */
static int x[0x1fUL] = { 'a', '\'', 1.5e-3f, .5 };
char *s = "a \"quoted\" (string"; // it's
if (a->b != c && !(d ^ ~e)) goto out;
"""


def kinds(text: str) -> list[tuple[str, str]]:
    return [(kind, found) for kind, found in tokenise_c(text)[0] if kind != "space"]


def test_real_c_has_no_mistake():
    tokens, errors = tokenise_c(C)
    assert errors == 0
    assert "".join(text for _, text in tokens) == C
    assert balanced(text for kind, text in tokens if kind == "sign")


def test_tokens_have_their_kinds():
    assert kinds("x = 0x1F; /* ( */") == [
        ("word", "x"),
        ("sign", "="),
        ("number", "0x1F"),
        ("sign", ";"),
        ("comment", "/* ( */"),
    ]


@pytest.mark.parametrize(
    "wrong", ["a = @b;", "x = `y`;", 's = "no end;\n', "c = 'a;\n", "n = 0x;", "n = 12ab;", "a $ b"]
)
def test_what_is_no_c_is_a_mistake(wrong):
    assert tokenise_c(wrong)[1] > 0


@pytest.mark.parametrize(
    ("signs", "expected"),
    [("()[]{}", True), ("([{}])", True), (")]}(", True), ("(]", False), ("{(})", False)],
)
def test_a_bracket_may_close_what_was_open_before_the_window(signs, expected):
    assert balanced(signs) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\begin{a}\begin{b}\end{b}\end{a}\begin{c}", True),
        (r"\end{a} x \begin{b}", True),
        (r"\begin{a}\begin{b}\end{a}", False),
    ],
)
def test_environments(text, expected):
    assert environments_match(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(r"$x$ and $$y$$ for 5\$", True), ("$x", False), ("$$x$", False), ("", True)],
)
def test_dollars(text, expected):
    assert dollars_paired(text) is expected


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("  From fairest creatures we desire increase,", 10),
        ("Shall I compare thee to a summer's day?", 10),
        ("But thou, contracted to thine own bright eyes,", 10),
        ("", 0),
    ],
)
def test_syllables_of_verse(line, count):
    assert syllables(line) == count


def test_the_measures_are_shares_of_windows():
    assert FORMS["c"](["f(x[0]);", "f(x]);"])["brackets_balanced"] == 0.5
    assert FORMS["c"](["a @ b", "a"]) == {
        "brackets_balanced": 1.0,
        "no_token_error": 0.5,
        "token_errors": 0.5,
    }
    window = "cut $\n\nwhole $x$\n\nodd $\n\ncut"
    assert FORMS["latex"]([window])["dollars_paired"] == 0.5
    verse = "cut\nShall I compare thee to a summer's day?\nNo.\ncut"
    assert FORMS["sonnet"]([verse]) == {
        "lines_of_about_ten_syllables": 0.5,
        "syllables_per_line": 5.5,
    }


def test_real_texts_keep_their_form(shared):
    folder = shared / "data" / "text"
    verse = (folder / "sonnets.txt").read_text()[2000:20000]
    measured = FORMS["sonnet"]([verse])
    assert measured["lines_of_about_ten_syllables"] > 0.6
    assert 9 < measured["syllables_per_line"] < 11
    code = (folder / "linux_2.6.37_core.c").read_text()[:60000]
    windows = [code[place : place + 2000] for place in range(0, 58000, 2000)]
    assert FORMS["c"](windows)["no_token_error"] > 0.5
