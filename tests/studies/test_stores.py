"""The stores of sweeps: what they refuse, what damage does, and what it costs."""

import errno
import itertools
import json
import os
import random
import resource
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import swept
import xarray as xr
from cases import toy
from swept import POINTS, Thermal, same

import qemlib as qem
from qemlib.studies import _table
from qemlib.studies.stores import NetCDFStore, store_at

pytest.importorskip("zarr")

KINDS = ("sweep.zarr", "sweep.nc")
each_kind = pytest.mark.parametrize("name", KINDS)
SMALL = {"voltage": [0.0, 2.0, 4.0], "coupling": [0.0, 0.1]}
GIVEN = {
    "base": qem.paper_device(),
    "over": SMALL,
    "method": Thermal(),
    "observables": ("phonon_number", "g2"),
}


def small(store=None, **changes):
    """Six points, two of which have no state."""
    with ThreadPoolExecutor(1) as here:
        return qem.sweep(**GIVEN | {"executor": here, "store": store} | changes)


def files(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def folder(tmp_path):
    small(tmp_path / "sweep.zarr")
    return tmp_path / "sweep.zarr"


# What is kept


def interrupted(store, folder):
    """Points (voltage, coupling) that are in a store whose sweep was interrupted."""
    (folder / "interrupts 2.0 0.1").touch()
    with pytest.raises(KeyboardInterrupt):
        small(store, method=Thermal(folder=str(folder)))
    kept = []

    class Looks(type(store_at(store))):
        def begin(self, plan):
            kept.append(super().begin(plan))
            raise ZeroDivisionError  # it was only to look

    with pytest.raises(ZeroDivisionError):
        small(Looks(store), method=Thermal(folder=str(folder)))
    there = np.argwhere(kept[0].status() != 0)
    return {(SMALL["voltage"][i], SMALL["coupling"][j]) for i, j in there}


@each_kind
def test_an_interrupted_sweep_goes_on_where_it_stopped(name, tmp_path):
    store = tmp_path / name
    kept = interrupted(store, tmp_path)
    assert {(0.0, 0.0), (0.0, 0.1), (2.0, 0.0)} <= kept
    before = len(swept.calls(tmp_path))
    found = small(store, method=Thermal(folder=str(tmp_path)))
    later = swept.calls(tmp_path)[before:]
    assert len(later) + len(kept) == 6
    assert kept | set(later) == set(itertools.product(*SMALL.values()))
    assert same(found, small())
    assert small(store, method=Thermal(folder=str(tmp_path))).identical(found)
    assert len(swept.calls(tmp_path)) == before + len(later)


@each_kind
def test_failed_points_are_kept_and_tried_again_if_asked(name, tmp_path):
    store, method = tmp_path / name, Thermal(folder=str(tmp_path))
    small(store, method=method)
    small(store, method=method, retry=True)
    assert swept.calls(tmp_path)[6:] == [(0.0, 0.0), (2.0, 0.0), (4.0, 0.0)]


@each_kind
def test_what_the_machine_did_is_not_kept(name, tmp_path):
    store = tmp_path / name
    shared = {"observables": [qem.Observable("phonon_number", in_want)]}
    in_want.lacking = True
    found = small(store, **shared)
    assert set(found["failure"].values[:, 1]) == {"MemoryError: no memory"}
    in_want.lacking = False
    assert small(store, **shared)["status"].values.tolist() == [[2, 1]] * 3


def in_want(state):
    if in_want.lacking:
        raise MemoryError("no memory")
    return state.phonon_number


@each_kind
def test_words_of_any_length_and_script(name, tmp_path):
    def what(state):
        raise ValueError("⟨a†a⟩ " * 500 + "\nand a second line")

    found = small(tmp_path / name, observables=[qem.Observable("n", what)])
    again = small(tmp_path / name, observables=[qem.Observable("n", what)])
    words = again["failure"].values[0, 1]
    assert words.startswith("ValueError: ⟨a†a⟩ ⟨a†a⟩")
    assert found["failure"].values[0, 1].startswith(words)
    assert len(words) > 300


def rows_of(whole, plan):
    return np.stack([whole[name].values for name in plan.columns], axis=-1).astype(float)


def begun(store, points):
    """A store with some of the points, by their index."""
    plan, whole = plan_of_small(), small()
    rows, words = rows_of(whole, plan), whole["failure"].values
    store.begin(plan)
    for index in points:
        store.write(index, rows[index], str(words[index]))


def test_two_sweeps_at_one_file_end_with_the_points_of_both(tmp_path):
    store = tmp_path / "sweep.nc"
    mine, other = NetCDFStore(store), NetCDFStore(store)
    begun(mine, [])
    begun(other, [(0, 0)])
    begun(mine, [(0, 1), (1, 1)])
    begun(other, [(2, 0)])
    status = NetCDFStore(store).begin(plan_of_small()).status()
    assert status.tolist() == [[2, 1], [0, 1], [2, 0]]
    assert small(store).identical(small())
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.nc"]


def plan_of_small():
    kept = []

    class Seen:
        def begin(self, plan):
            kept.append(plan)
            return _table.Table(plan)

        def write(self, index, row, failure):
            pass

    small(Seen())
    return kept[0]


def test_a_store_of_a_users_own():
    class InMemory:
        def __init__(self):
            self.kept = {}

        def begin(self, plan):
            table = _table.Table(plan)
            for index, (row, failure) in self.kept.items():
                table.put(index, row, failure)
            return table

        def write(self, index, row, failure):
            self.kept[index] = row, failure

    store = InMemory()
    assert isinstance(store, qem.studies.stores.Store)
    found = small(store)
    assert len(store.kept) == 6
    assert small(store).identical(found)


def test_a_file_is_the_dataset_and_the_dataset_can_be_exported(tmp_path):
    found = small(tmp_path / "sweep.nc")
    found.to_netcdf(tmp_path / "other.nc", engine="scipy")
    for name in ("sweep.nc", "other.nc"):
        with xr.open_dataset(tmp_path / name, engine="scipy") as stored:
            stored.attrs.pop("checksum", None)
            xr.testing.assert_identical(stored.load(), found)


def test_a_folder_can_be_looked_at_while_it_fills(tmp_path):
    store = tmp_path / "sweep.zarr"
    kept = interrupted(store, tmp_path)
    found = qem.read_sweep(store)
    assert (found["status"] != 0).sum() == len(kept)
    assert found["status"].values[1, 1] == 0
    assert found["phonon_number"].values[0, 1] == small()["phonon_number"].values[0, 1]
    with pytest.raises(TypeError, match="store must be a path, got 3"):
        qem.read_sweep(3)


def test_others_can_read_it(folder):
    opened = xr.open_zarr(folder, consolidated=False)
    record, columns = opened["record"], opened["record"].attrs["columns"]
    found = small()
    assert opened["voltage"].values.tolist() == SMALL["voltage"]
    values = record.values[..., columns.index("phonon_number")]
    np.testing.assert_array_equal(values, found["phonon_number"])


def test_each_point_is_one_small_file(folder):
    assert len(swept.chunks(folder)) == 6
    assert {len(path.read_bytes()) for path in swept.chunks(folder)} == {8 * 6 + 4}
    assert len(list((folder / "words" / "c").glob("*/*/0"))) == 3  # only where there are words


# What is refused


@each_kind
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"over": {**SMALL, "coupling": [0.0, 0.2]}},
            r"coupling has \[0.0, 0.1\], not \[0.0, 0.2\]",
        ),
        (
            {"over": {"voltage": np.arange(9.0), "coupling": [0.0, 0.1]}},
            r"not 9 values \[0.0, 1.0,",
        ),
        ({"over": {"voltage": [0.0]}}, r"axes are \['voltage', 'coupling'\], not \['voltage'\]"),
        (
            {"method": Thermal(levels=50)},
            r"settings is Thermal\(levels=60.*, not Thermal\(levels=50",
        ),
        ({"method": "preview"}, "settings is Thermal.*, not Preview"),
        ({"observables": ("g2",)}, "observables are .*'phonon_number'.*, not"),
        (
            {"base": replace(qem.paper_device(), level=0.1)},
            "base_device is Device.*level=0.0.*, not",
        ),
    ],
)
def test_a_store_of_another_sweep_is_refused(name, changes, message, tmp_path):
    small(tmp_path / name)
    kept = files(tmp_path)
    with pytest.raises(ValueError, match=f"store: .*{name} belongs to another sweep: .*{message}"):
        small(tmp_path / name, **changes)
    assert files(tmp_path) == kept


@each_kind
def test_a_store_of_another_version_is_refused(name, tmp_path, monkeypatch):
    small(tmp_path / name)
    monkeypatch.setattr(qem, "__version__", "9.9")
    with pytest.raises(ValueError, match="version is qemlib .*, not qemlib 9.9, modules"):
        small(tmp_path / name)


def test_two_lists_that_look_alike_are_not_the_same(tmp_path):
    given = {"over": None, "method": "preview", "store": tmp_path / "sweep.zarr"}
    found = small(base=[toy(friction=1e-3), toy(friction=2e-3)], **given)
    assert small(base=[toy(friction=1e-3), toy(friction=2e-3)], **given).identical(found)
    with pytest.raises(ValueError, match="the same words and other contents"):
        small(base=[toy(friction=1e-3), toy(friction=3e-3)], **given)


def test_a_file_of_an_older_version_is_told_from_damage(tmp_path):
    store = tmp_path / "sweep.nc"
    older = xr.Dataset(
        {"phonon_number": ("voltage", [1.0])},
        coords={"voltage": [0.0]},
        attrs={"base_device": repr(qem.paper_device()), "method": "orbit"},
    )
    older.to_netcdf(store, engine="scipy")
    with pytest.raises(ValueError, match="is of an older qemlib.*Name a new store"):
        small(store)


class Never:
    name = "never"

    def state(self, subject):
        pytest.fail("a point was computed for a store that cannot be")


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("nowhere/x.nc", "store must lie in a folder that exists, got .*nowhere/x.nc"),
        ("nowhere/x.zarr", "store must lie in a folder that exists, got .*nowhere/x.zarr"),
        ("a_file/x.zarr", "store must lie in a folder that exists, got .*a_file/x.zarr"),
        ("folder.nc", "store must be a file where its name ends in .nc, got .*folder.nc"),
        ("a_folder", "store: .*a_folder is not a sweep's store"),
        ("a" * 250 + ".nc", "store must lie where files can be written, got .*too long"),
        ("a" * 250, "store must lie where files can be written, got .*too long"),
        ("/proc/sweep.zarr", "store must lie where files can be written, got "),
        ("a_file", "store: .*a_file is not a sweep's file"),
        ("empty", "store: .*empty is not a sweep's file"),
    ],
)
def test_a_store_that_cannot_be_costs_nothing(where, message, tmp_path):
    (tmp_path / "a_folder").mkdir()
    (tmp_path / "a_folder" / "something").write_text("else")
    (tmp_path / "folder.nc").mkdir()
    (tmp_path / "a_file").write_text("not a sweep")
    (tmp_path / "empty").write_text("")
    with pytest.raises(ValueError, match=message):
        small(tmp_path / where, method=Never())


def test_what_is_no_store_is_refused():
    for wrong in (3, qem.studies.stores.ZarrStore, object()):
        with pytest.raises(TypeError, match="store must be a path, or an object with begin"):
            small(wrong)


def test_a_method_that_does_not_tell_what_it_is_has_no_store(tmp_path):
    method = Thermal(levels=threading.Lock())
    with pytest.raises(ValueError, match="store: it cannot be told whether a later .* a lock does"):
        small(tmp_path / "sweep.zarr", method=method)
    assert set(small(method=method)["status"].values.ravel()) == {2}


@each_kind
def test_a_store_in_the_home_folder(name, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    small(f"~/{name}")
    assert (tmp_path / name).exists()


def test_an_empty_folder_is_a_new_store(tmp_path):
    (tmp_path / "mine").mkdir()
    assert small(tmp_path / "mine").identical(qem.read_sweep(tmp_path / "mine"))


# Damage


def flips(path, most, draw):
    """Places in a file, all or a sample, and a bit of each."""
    size = path.stat().st_size
    places = range(size) if size <= most else sorted(draw.sample(range(size), most))
    return [(place, 1 << draw.randrange(8)) for place in places]


def is_told_or_harmless(store, whole, path):
    """An error that names the file, or the same values; both when it is read and gone on with."""
    for read in (qem.read_sweep, small) if store.is_dir() else (small,):
        try:
            found = read(store)
        except ValueError as error:
            told = str(error)
            assert told.startswith("store: ")
            assert path.parent.name in told or "zarr.json" in told or path.name in told
        else:
            assert found.identical(whole)


def test_a_flipped_bit_in_a_folder_is_told_or_harmless(folder):
    whole, kept, draw = small(), files(folder), random.Random(3)
    some = [path for path in kept if path.name == "zarr.json"]
    some += [*swept.chunks(folder)[:2], folder / "words" / "c" / "0" / "0" / "0"]
    some.append(folder / "voltage" / "c" / "0")
    for path in some:
        for place, bit in flips(path, 52 if path.parent.name == "0" else 26, draw):
            damaged = bytearray(kept[path])
            damaged[place] ^= bit
            path.write_bytes(damaged)
            is_told_or_harmless(folder, whole, path)
            path.write_bytes(kept[path])
    assert files(folder) == kept


def test_a_flipped_bit_in_a_file_is_told_or_harmless(tmp_path):
    store, draw = tmp_path / "sweep.nc", random.Random(4)
    whole = small(store)
    kept = store.read_bytes()
    for place, bit in flips(store, 100, draw):
        damaged = bytearray(kept)
        damaged[place] ^= bit
        store.write_bytes(damaged)
        is_told_or_harmless(store, whole, store)
        store.write_bytes(kept)


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 30, 51])
def test_a_truncated_chunk_names_itself_and_is_computed_again(length, folder):
    whole, kept = small(), files(folder)
    path = swept.chunks(folder)[3]
    path.write_bytes(kept[path][:length])
    with pytest.raises(ValueError, match=f"1 of its points cannot be read, .*{path}") as told:
        small(folder)
    assert "Remove these files, and the points are computed again" in str(told.value)
    path.unlink()
    assert small(folder).identical(whole)
    assert files(folder) == kept


def test_a_file_that_ends_early_is_told(tmp_path):
    store = tmp_path / "sweep.nc"
    small(store)
    kept = store.read_bytes()
    for length in (0, 3, 40, len(kept) // 2, len(kept) - 8):
        store.write_bytes(kept[:length])
        with pytest.raises(ValueError, match="store: .*sweep.nc is "):
            small(store)


def test_missing_chunks_are_computed_again(folder):
    whole, kept = small(), files(folder)
    for path in swept.chunks(folder)[1::2]:
        path.unlink()
    assert (qem.read_sweep(folder)["status"] == 0).sum() == 3
    assert small(folder).identical(whole)
    assert files(folder) == kept


def test_words_that_are_missing_or_damaged_are_found_again(folder):
    whole, kept = small(), files(folder)
    path = folder / "words" / "c" / "1" / "0" / "0"
    path.write_bytes(kept[path][:-1])
    with pytest.raises(ValueError, match=f"1 of its points cannot be read, .*{path}"):
        small(folder)
    path.unlink()
    assert small(folder).identical(whole)
    assert files(folder) == kept


@pytest.mark.parametrize("name", ["zarr.json", "record/zarr.json", "words/zarr.json"])
def test_a_missing_manifest_is_told(name, folder):
    (folder / name).unlink()
    for read in (qem.read_sweep, small):
        with pytest.raises(ValueError, match="store: .*zarr.json.* is damaged"):
            read(folder)


def test_a_later_format_is_told(folder):
    root = json.loads((folder / "zarr.json").read_text())
    manifest = root["attributes"]["qemlib_sweep"]
    del manifest["checksum"]
    manifest["format"] = 2
    from qemlib.studies._zarr import _checksum

    manifest["checksum"] = _checksum(manifest)
    (folder / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(ValueError, match="has the format 2, this version reads 1"):
        small(folder)


@pytest.mark.parametrize(("name", "size"), [("sweep.zarr", 40), ("sweep.nc", 400)])
def test_a_full_disk_is_told_and_what_was_written_is_kept(name, size, tmp_path):
    """As a limit on the size of files, which the system enforces."""
    store = tmp_path / name
    begun(store_at(store), [(0, 1), (1, 0)])
    kept, limits = files(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
        with pytest.raises(OSError, match="store: a point cannot be written") as told:
            small(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert told.value.errno == errno.EFBIG
    assert files(tmp_path) == kept
    assert same(small(store), small())


@pytest.fixture
def open_folder():
    """One that everybody may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def nobody():
    """Root may write everywhere; until the end of the test, this is somebody else."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.fixture
def locked(open_folder):
    """A folder with four points of six, and one with all, neither of which may be written to."""
    for name in ("part.zarr", "whole.zarr"):
        small(open_folder / name)
    for path in swept.chunks(open_folder / "part.zarr")[4:]:
        path.unlink()
    for path in [open_folder, *open_folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield open_folder
    for path in [open_folder, *open_folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_folder_that_must_not_be_written_to(locked, nobody):
    whole = small()
    assert small(locked / "whole.zarr").identical(whole)
    assert (qem.read_sweep(locked / "part.zarr")["status"] != 0).sum() == 4
    with pytest.raises(OSError, match="store: a point cannot be written to .*part.zarr"):
        small(locked / "part.zarr")
    with pytest.raises(ValueError, match="store must lie where files can be written"):
        small(locked / "new.zarr", method=Never())


def test_a_store_has_no_pickle(folder):
    assert POINTS == 40
    for content in files(folder).values():
        assert b"pickle" not in content
        assert not content.startswith(b"\x80")
