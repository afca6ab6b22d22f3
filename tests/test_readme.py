"""What the READMEs say exists: commands, files, stages, parameters; and both languages say the same."""

import re
import shlex

import pytest
import typer
import yaml
from dvc.cli.parser import get_main_parser

from common.cli import app
from common.config import ROOT, read_yaml

READMES = ("README.md", "README.zh-CN.md")
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def text_of(readme):
    return (ROOT / readme).read_text(encoding="utf-8")


def lines_of_code(readme, language):
    blocks = re.findall(r"```(\w*)\n(.*?)```", text_of(readme), re.DOTALL)
    return [line for name, block in blocks for line in block.splitlines() if name == language]


def commands(readme):
    """Every command of the code blocks, and those in backquotes within the prose and the blocks' comments."""
    lines = lines_of_code(readme, "sh")
    comments = [line.partition("#")[2] for line in lines]
    named = re.findall(r"((?:make|reprise) [a-z][\w= -]*)", "\n".join(comments))
    prose = re.findall(r"`((?:make|reprise|dvc) [^`]+)`", text_of(readme))
    return [shlex.split(line, comments=True) for line in lines + named + prose]


@pytest.mark.parametrize("readme", READMES)
def test_make_targets_exist(readme):
    found = [words[1:] for words in commands(readme) if words[0] == "make"]
    assert ["repro"] in found
    assert ["test"] in found
    for target, *settings in found:
        assert target in TARGETS
        assert all(setting.split("=")[0] in ("PAPER", "SCALE", "ARGS") for setting in settings)


@pytest.mark.parametrize("readme", READMES)
def test_reprise_commands_parse(readme):
    found = [words[1:] for words in commands(readme) if words[0] == "reprise"]
    assert len(found) > 5
    for words in found:
        command = typer.main.get_command(app)
        while hasattr(command, "commands"):
            name, *words = words  # noqa: PLW2901  (walks down the words of one command)
            command = command.commands[name]
        command.make_context(name, words)  # fails on an unknown option or value


@pytest.mark.parametrize("readme", READMES)
def test_dvc_commands_parse_and_name_stages_and_parameters_that_exist(readme):
    found = [words[1:] for words in commands(readme) if words[0] == "dvc"]
    assert len(found) > 3
    for words in found:
        parsed = get_main_parser().parse_args(words)
        assert set(getattr(parsed, "targets", None) or []) <= STAGES.keys()
        for setting in getattr(parsed, "set_param", None) or []:
            file, key = setting.split("=")[0].split(":")
            values = read_yaml(ROOT / file)
            for part in key.split("."):
                values = values[part]


@pytest.mark.parametrize("readme", READMES)
def test_the_tree_is_the_one_of_this_checkout(readme):
    entries = [line.split()[0] for line in lines_of_code(readme, "")]
    assert {"papers/", "common/", "data/", "reports/", "tests/", "dvc.yaml", "environment.yml"} <= set(entries)
    assert not [entry for entry in entries if not (ROOT / entry).exists()]


@pytest.mark.parametrize("readme", READMES)
def test_links_lead_somewhere(readme):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text_of(readme))
    assert "reports/screenshot.png" in links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_both_languages_give_the_same_commands():
    first, second = (
        [words for words in commands(readme) if words[0] in ("make", "reprise", "dvc")] for readme in READMES
    )
    assert sorted(first) == sorted(second)


@pytest.mark.parametrize("readme", READMES)
def test_it_is_one_page(readme):
    assert len(text_of(readme).splitlines()) < 130
