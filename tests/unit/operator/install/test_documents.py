"""What `operator manifests` prints: the least rights, and pods that may do as little."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.write import write_documents
from reconciler.operator.install.choice import NAME, Choice, SecretAccess
from reconciler.operator.install.documents import installation
from reconciler.operator.resources.crds import crds


def install(**chosen):
    """The documents of an installation."""
    return list(yaml.safe_load_all(installation(Choice(image="registry.example.com/r:1", **chosen))))


def of_kind(documents, kind):
    """Those of one kind."""
    return [each for each in documents if each["kind"] == kind]


def rights(documents, kind):
    """The rights of every role of a kind: its namespace, group, resource, verb, and the names it is limited to."""
    return {
        (role["metadata"].get("namespace"), group, resource, verb, *rule.get("resourceNames", ()))
        for role in of_kind(documents, kind)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def expected(namespace, *secrets):
    """The rights that the operator has where it watches."""
    group = "reconciler.comfycontrol.app"
    return {
        *((namespace, group, kind, verb) for kind in ("accounts", "runners") for verb in ("get", "list", "watch")),
        *((namespace, group, f"{kind}/status", "patch") for kind in ("accounts", "runners")),
        *((namespace, "", "secrets", verb) for verb in secrets),
        (namespace, "", "events", "create"),
    }


LEASE = {
    ("comfycontrol", "coordination.k8s.io", "leases", "create"),
    *(("comfycontrol", "coordination.k8s.io", "leases", verb, NAME) for verb in ("get", "update")),
}


def test_a_whole_cluster_is_watched_with_the_least_rights():
    """Without namespaces there is one role for all of the cluster, and one for the lease where the operator runs."""
    documents = install()
    assert rights(documents, "ClusterRole") == expected(None, "get")
    assert rights(documents, "Role") == LEASE


@pytest.mark.parametrize(
    ("secrets", "verbs"), [(SecretAccess.GET, ["get"]), (SecretAccess.LIST, ["get", "list", "watch"])]
)
def test_namespaces_are_watched_with_rights_in_them_only(secrets, verbs):
    """With namespaces nothing is granted in another one; secrets are listed only where that is chosen."""
    documents = install(namespaces=("one", "two"), secrets=secrets)
    assert not of_kind(documents, "ClusterRole")
    assert not of_kind(documents, "ClusterRoleBinding")
    assert rights(documents, "Role") == expected("one", *verbs) | expected("two", *verbs) | LEASE
    (container,) = of_kind(documents, "Deployment")[0]["spec"]["template"]["spec"]["containers"]
    assert container["args"][-3:] == [f"--secrets={secrets}", "--namespace=one", "--namespace=two"]


def test_every_role_is_bound_to_the_operator_alone():
    """Each role has a binding in its own namespace, whose only subject is the account that the pods run as."""
    for documents in (install(), install(namespaces=("one",), namespace="ops")):
        (account,) = of_kind(documents, "ServiceAccount")
        for kind in ("ClusterRole", "Role"):
            bound = {
                (each["metadata"].get("namespace"), each["roleRef"]["name"]): each["subjects"]
                for each in of_kind(documents, f"{kind}Binding")
            }
            roles = {(each["metadata"].get("namespace"), each["metadata"]["name"]) for each in of_kind(documents, kind)}
            assert bound.keys() == roles
            subject = {"kind": "ServiceAccount", **{key: account["metadata"][key] for key in ("name", "namespace")}}
            assert all(each == [subject] for each in bound.values())
        (deployment,) = of_kind(documents, "Deployment")
        assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == account["metadata"]["name"]


def test_pods_may_do_as_little_as_a_restricted_namespace_asks():
    """Not root, no capability, no write to the root file system: what the restricted pod security standard asks."""
    documents = install()
    (deployment,) = of_kind(documents, "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert container["resources"]["limits"].keys() == {"memory"}
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    home = next(each["value"] for each in container["env"] if each["name"] == "HOME")
    assert mounted == {home}
    assert [each.keys() - {"name"} for each in pod["volumes"]] == [{"emptyDir"}]
    (namespace,) = of_kind(documents, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_two_replicas_are_probed_and_reached():
    """Two replicas, apart where that is possible; probes, Service and PodMonitor use the port that is listened on."""
    documents = install(pod_monitor=True)
    (deployment,), (service,), (monitor,) = (
        of_kind(documents, kind) for kind in ("Deployment", "Service", "PodMonitor")
    )
    spec, labels = deployment["spec"], deployment["spec"]["template"]["metadata"]["labels"]
    (container,) = spec["template"]["spec"]["containers"]
    (port,) = container["ports"]
    assert spec["replicas"] == 2
    assert spec["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    assert monitor["spec"]["selector"]["matchLabels"] == labels
    assert [each["port"] for each in monitor["spec"]["podMetricsEndpoints"]] == [port["name"]]
    assert [each["targetPort"] for each in service["spec"]["ports"]] == [port["name"]]
    probes = {name: container[name]["httpGet"] for name in ("livenessProbe", "readinessProbe")}
    assert probes == {
        "livenessProbe": {"path": "/healthz", "port": port["name"]},
        "readinessProbe": {"path": "/readyz", "port": port["name"]},
    }
    assert f"--listen=0.0.0.0:{port['containerPort']}" in container["args"]
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    assert not of_kind(install(), "PodMonitor")


def test_the_definitions_come_first():
    """Definitions and namespace are there before what needs them, and are what they are."""
    documents = install()
    assert documents[:2] == crds()
    assert [each["kind"] for each in documents[2:4]] == ["Namespace", "ServiceAccount"]
    assert of_kind(documents, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["image"] == (
        "registry.example.com/r:1"
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab:-# \n'\"é", max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=3), min_size=1, max_size=3))
def test_documents_are_read_back_as_they_were(documents):
    """Whatever a document holds, a reader of YAML 1.1 reads just that."""
    text = "\n".join(write_documents(documents))
    assert list(yaml.safe_load_all(text)) == documents
