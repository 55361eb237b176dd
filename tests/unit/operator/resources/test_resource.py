"""The address of a Runner in plans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.format.field_types import check_key
from reconciler.operator.resources.resource import Ref, key_of

NAMESPACES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?", fullmatch=True)


@given(NAMESPACES, NAMES)
def test_every_runner_has_a_key_that_manifests_take(namespace, name):
    """Whatever Kubernetes takes for a name gives a key that a manifest takes."""
    assert check_key(key_of(Ref(namespace, name))) is None


@pytest.mark.parametrize("length", [99, 100, 101, 253])
def test_long_names_keep_keys_apart(length):
    """Names that differ in their last character only have two keys, also where a key would be too long."""
    keys = {key_of(Ref("n", "a" * (length - 3) + last)) for last in "bc"}
    assert len(keys) == 2
    assert {len(key) for key in keys} == {min(length, 100)}
