"""The one file of a backup: a tar of its members, the manifest last; with a passphrase, that tar encrypted.

Encrypted it is again a tar: ``passphrase.age`` holds a key that is this backup's own, encrypted with the
passphrase, and ``backup.tar.age`` the tar above, encrypted for that key. So nothing has to fit into memory,
and tar and age open it anywhere: ``age -d -i passphrase.age backup.tar.age | tar x``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyrage

from portal.files import private_directory

FORMAT = 1
DATABASE, MANIFEST = "database.sqlite", "manifest.json"
WRAPPED, SEALED = "passphrase.age", "backup.tar.age"
KEYS = "keys/"
_CHUNK = 1 << 20
_LONGEST_KEY = 10_000
_CHANGED = "it is no backup of this program, or it was changed or cut short"


class BadBackup(Exception):
    """The file can't be used; the text says why. Nothing was changed."""


class PassphraseNeeded(BadBackup):
    """The backup is encrypted, and no passphrase was given."""


class WrongPassphrase(BadBackup):
    """The passphrase opens nothing, or what it opens was changed."""


@dataclass(frozen=True)
class Member:
    size: int
    sha256: str


def _accepted(name: str) -> bool:
    """Every name that a file among the keys can have: what a backup takes must come back.

    None leads out of the directory.
    """
    if not name.startswith(KEYS):
        return name in (DATABASE, MANIFEST)
    return "\0" not in name and not {"", ".", ".."} & set(name.split("/"))


class Writer:
    """Puts files into a backup and remembers what they were."""

    def __init__(self, out: BinaryIO) -> None:
        outlet = cast("BinaryIO", _Outlet(out))
        self._tar = tarfile.TarFile(fileobj=outlet, mode="w", format=tarfile.PAX_FORMAT)
        self.members: dict[str, Member] = {}

    def add(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            hashed = _Hashing(file)
            info = _info(name, os.fstat(file.fileno()).st_size)
            self._tar.addfile(info, cast("BinaryIO", hashed))
        self.members[name] = Member(info.size, hashed.digest)

    def close(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, with the members so far, and the end."""
        members = {name: vars(member) for name, member in self.members.items()}
        text = json.dumps(manifest | {"members": members}, indent=1).encode()
        self._tar.addfile(_info(MANIFEST, len(text)), io.BytesIO(text))
        self._tar.close()


class _Outlet:
    """What a tar needs to know of where it is written to, which may be a pipe."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._written = 0

    def write(self, data: bytes) -> int:
        self._written += len(data)
        return self._out.write(data)

    def tell(self) -> int:
        return self._written


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._hash.update(chunk)
        return chunk

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def encrypted(out: BinaryIO, passphrase: str) -> Iterator[BinaryIO]:
    """Where to write what `out` will hold encrypted. `out` must be able to seek."""
    key = pyrage.x25519.Identity.generate()
    wrapped = pyrage.passphrase.encrypt(str(key).encode(), passphrase)
    out.write(_header(WRAPPED, len(wrapped)) + wrapped + _padding(len(wrapped)))
    start = out.tell()
    out.write(_header(SEALED, 0))  # its size is known at the end
    with _piped(lambda inlet: pyrage.encrypt_io(inlet, out, [key.to_public()])) as pipe:
        yield pipe
    size = out.tell() - start - tarfile.BLOCKSIZE
    out.write(_padding(size) + bytes(2 * tarfile.BLOCKSIZE))
    out.seek(start)
    out.write(_header(SEALED, size))


@contextmanager
def _piped(work: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """Have `work` read, in a thread, what is written here; its exception is raised at the end."""
    outlet, inlet = os.pipe()
    with _beside(work, outlet, "rb"):
        try:
            with os.fdopen(inlet, "wb") as write:
                yield write
        except BrokenPipeError:
            pass  # the thread knows why


@contextmanager
def _flowing(work: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """Have `work` write, in a thread, what is read here; its exception is raised at the end."""
    outlet, inlet = os.pipe()
    with _beside(work, inlet, "wb"), os.fdopen(outlet, "rb") as read:
        yield read
        while read.read(_CHUNK):  # to the end, which is checked last
            pass


@contextmanager
def _beside(work: Callable[[BinaryIO], None], descriptor: int, mode: str) -> Iterator[None]:
    failed: list[Exception] = []

    def run() -> None:
        try:
            with os.fdopen(descriptor, mode) as pipe:
                work(cast("BinaryIO", pipe))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="backup")
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failed:
        raise failed[0]


def unpack(path: Path, passphrase: str | None, directory: Path) -> dict[str, Any]:
    """Write the backup's members into an empty directory and compare them with the manifest; the manifest.

    Raises `BadBackup`, and `OSError` where the file can't be read or the members not be written.
    """
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            first = tar.next()
            if first is None or first.name != WRAPPED:
                file.seek(0)
                found = _unpack_plain(file, directory)
            else:
                found = _unpack_encrypted(tar, first, passphrase, directory)
    except (tarfile.TarError, EOFError) as error:
        raise BadBackup(_CHANGED) from error
    return _compared(found, directory)


def _unpack_encrypted(
    tar: tarfile.TarFile, first: tarfile.TarInfo, passphrase: str | None, directory: Path
) -> dict[str, Member]:
    if passphrase is None:
        raise PassphraseNeeded("it is encrypted, so give its passphrase")
    wrapped, sealed = tar.extractfile(first), tar.next()
    source = tar.extractfile(sealed) if sealed is not None and sealed.name == SEALED else None
    if wrapped is None or source is None or first.size > _LONGEST_KEY:
        raise BadBackup(_CHANGED)
    try:
        key = pyrage.x25519.Identity.from_str(pyrage.passphrase.decrypt(wrapped.read(), passphrase).decode())
    except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError):
        raise WrongPassphrase("the passphrase is another one, or the file was changed") from None
    try:
        with _flowing(lambda out: pyrage.decrypt_io(source, out, [key])) as plain:
            return _unpack_plain(plain, directory)
    except OSError as error:
        if error.errno is None:  # pyrage's own word for what does not fit
            raise BadBackup(_CHANGED) from error
        raise


def _unpack_plain(file: BinaryIO, directory: Path) -> dict[str, Member]:
    """Write the members; what each of them was."""
    found: dict[str, Member] = {}
    with tarfile.open(fileobj=file, mode="r|") as tar:
        for info in tar:
            source = tar.extractfile(info) if info.isreg() else None
            if source is None or not _accepted(info.name) or info.name in found:  # a link, a stranger, a twin
                raise BadBackup(f"{_CHANGED}: it holds {info.name!r}")
            path = directory / info.name
            private_directory(path.parent)
            hashed = _Hashing(cast("BinaryIO", source))
            with open(path, "xb", opener=_private) as out:
                shutil.copyfileobj(hashed, out, _CHUNK)
                out.flush()
                os.fsync(out.fileno())
            found[info.name] = Member(info.size, hashed.digest)
    return found


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _compared(found: dict[str, Member], directory: Path) -> dict[str, Any]:
    if found.pop(MANIFEST, None) is None:
        raise BadBackup(_CHANGED)
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
        written = {name: Member(**member) for name, member in manifest["members"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadBackup(_CHANGED) from error
    if manifest.get("format") != FORMAT:
        raise BadBackup(f"it has the format {manifest.get('format')}, and this program reads {FORMAT}")
    if written != found or DATABASE not in found:
        raise BadBackup(_CHANGED)
    return cast("dict[str, Any]", manifest)


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


def _header(name: str, size: int) -> bytes:
    return _info(name, size).tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
