"""What a process that was started anew runs."""

from support import small

import flowtwin


def sha(seed: int) -> str:
    """The digest of a journal."""
    return flowtwin.run(small(), seed=seed).journal_sha256
