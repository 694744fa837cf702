"""What docs/emulators.md says of the tests that ran before these: versions, scores, and what is missing. It runs last."""

import importlib.metadata
import unittest
from pathlib import Path

import rig

PAGE = Path(__file__).parents[2] / "docs" / "emulators.md"


def rows():
    """The cells of each row of the table, by the class of its tests."""
    lines = PAGE.read_text(encoding="utf-8").split("## How they were checked")[1].split("\n## ")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {cell[-1].strip("`"): cell for cell in cells}


class Written(unittest.TestCase):
    maxDiff = None

    def test_the_page_says_what_was_found(self):
        found = rows()
        for peer, (held, made) in rig.scores.items():
            if held + len(peer.missing) != made:
                continue  # a check that failed has been told already
            cells = found.get(peer.__name__, [""] * 6)
            with self.subTest(peer.__name__):
                versions = [f"{name} {importlib.metadata.version(name)}" for name in peer.software]
                self.assertEqual(cells[0], ", ".join(versions))
                self.assertEqual(cells[2], f"{held} of {made}")
                self.assertEqual(cells[4], ", ".join(sorted(peer.missing)))


if __name__ == "__main__":
    unittest.main()
