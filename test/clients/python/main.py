"""Uses a cluster as programs on Python's `kubernetes` do, and prints what it saw: `main.py SECTION KUBECONFIG`.

The output is the same whichever way the requests take to the cluster.
"""

import base64
import hashlib
import json
import socket
import ssl
import sys
import urllib.parse

import yaml
from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import portforward, stream

OBJECTS = "objects"
WORK = "clients"
POD = "shell"
# Every wait ends with an error after this time.
PATIENCE_SECONDS = 120


def sha256(content):
    return f"{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"


def digest(objects):
    """One hash over everything of all objects."""
    plain = sorted(client.ApiClient().sanitize_for_serialization(objects), key=lambda o: o["metadata"]["name"])
    return f"{len(plain)} objects, SHA-256 {hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()}"


def config_map(name, **data):
    return client.V1ConfigMap(
        metadata=client.V1ObjectMeta(name=name, labels={"python": "yes"}), data=data
    )


def attempt(what, call):
    """Prints what an operation gave; of a failure everything that the server said."""
    try:
        result = call()
        print(f"{what}: {getattr(result, 'data', result)}")
        return result
    except ApiException as error:
        print(f"{what}: {error.status} {error.reason} {error.headers.get('Content-Type')} {error.body}")
        return None


def lists(core):
    items, token, remaining = [], None, []
    while token != "":
        page = core.list_namespaced_config_map(OBJECTS, limit=1500, _continue=token)
        items += page.items
        token = page.metadata._continue or ""
        remaining.append(page.metadata.remaining_item_count)
    print("pages:", digest(items), remaining)
    some = core.list_namespaced_config_map(OBJECTS, label_selector="tenth=4", resource_version="0")
    print("selected:", digest(some.items))
    raw = core.list_namespaced_config_map(OBJECTS, _preload_content=False)
    whole = json.loads(raw.read())
    print("raw:", digest(whole["items"]), raw.headers["Content-Type"])
    attempt("a bad selector", lambda: core.list_namespaced_config_map(OBJECTS, label_selector="=?="))


def watches(core):
    seen = []

    def read(resource_version, until, **options):
        """Watches up to the event that `until` names, and says where to go on."""
        watching = watch.Watch()
        for event in watching.stream(
            core.list_namespaced_config_map,
            WORK,
            label_selector="python=yes",
            resource_version=resource_version,
            timeout_seconds=PATIENCE_SECONDS,
            **options,
        ):
            seen.append(f"{event['type']} {event['object'].metadata.name}")
            if seen[-1] == until:
                watching.stop()
        return watching.resource_version

    position = core.list_namespaced_config_map(WORK, label_selector="python=yes").metadata.resource_version
    for name in ("one", "two", "three"):
        core.create_namespaced_config_map(WORK, config_map(name))
    position = read(position, "ADDED two")
    core.patch_namespaced_config_map("one", WORK, {"data": {"changed": "yes"}})
    core.patch_namespaced_config_map("two", WORK, {"metadata": {"labels": {"python": None}}})
    for name in ("one", "two", "three"):
        core.delete_namespaced_config_map(name, WORK)
    position = read(position, "DELETED three")
    print("events:", seen)

    quiet = watch.Watch()
    events = list(quiet.stream(core.list_namespaced_config_map, WORK, label_selector="python=yes",
                               resource_version=position, timeout_seconds=2))
    print("a quiet watch ended by the server:", events)
    try:
        for event in watch.Watch().stream(core.list_namespaced_config_map, OBJECTS, resource_version="1",
                                          timeout_seconds=PATIENCE_SECONDS):
            print("an event from before the beginning:", event["type"])
    except ApiException as error:
        print("a watch from 1:", error.status, error.reason.split(":")[0])
    initial = 0
    watching = watch.Watch()
    for event in watching.stream(core.list_namespaced_config_map, OBJECTS, label_selector="tenth=4",
                                 resource_version="0", timeout_seconds=PATIENCE_SECONDS):
        initial += event["type"] == "ADDED"
        if initial == 1000:
            watching.stop()
    print("a watch from 0 begins with the objects:", initial)


def executes(core):
    def run(command, **options):
        streams = dict(stderr=True, stdin=False, stdout=True, tty=False)
        return stream(core.connect_get_namespaced_pod_exec, POD, WORK, command=command, **(streams | options))

    attempt("exec", lambda: run(["sh", "-c", "echo out"]))

    session = run(["sh", "-c", "echo out; echo err >&2; exit 7"], _preload_content=False)
    session.run_forever(timeout=PATIENCE_SECONDS)
    print("streams:", repr(session.read_stdout()), repr(session.read_stderr()), session.returncode)

    session = run(["sh", "-c", "read a; echo $a; read b; echo $b >&2; exit 3"], stdin=True, _preload_content=False)
    session.write_stdin("first\n")
    print("answer:", repr(session.readline_stdout(timeout=PATIENCE_SECONDS)))
    session.write_stdin("second\n")
    print("answer:", repr(session.readline_stderr(timeout=PATIENCE_SECONDS)))
    session.run_forever(timeout=PATIENCE_SECONDS)
    print("exit status:", session.returncode)

    session = run(["head", "-c", "3000000", "/dev/zero"], binary=True, _preload_content=False)
    session.run_forever(timeout=PATIENCE_SECONDS)
    print("much:", sha256(session.read_stdout()), session.returncode)

    sent = bytes(range(256)) * 2000
    session = run(["head", "-c", str(len(sent))], stdin=True, binary=True, _preload_content=False)
    for at in range(0, len(sent), 10_000):
        session.write_stdin(sent[at:at + 10_000])
    session.run_forever(timeout=PATIENCE_SECONDS)
    echoed = session.read_stdout()
    print("echo:", sha256(echoed), echoed == sent, session.returncode)

    # Channel 4 is the terminal's size.
    script = 'until [ "$(stty size)" = "43 132" ]; do sleep 0.05; done; stty size'
    session = run(["sh", "-c", script], stdin=True, tty=True, _preload_content=False)
    session.write_channel(4, json.dumps({"Height": 43, "Width": 132}))
    session.run_forever(timeout=PATIENCE_SECONDS)
    print("terminal:", repr(session.read_stdout()), session.returncode)

    attempt("no such program", lambda: run(["/no/such/program"]))

    try:
        stream(core.connect_get_namespaced_pod_exec, "no-such-pod", WORK, command=["true"], stdout=True)
    except (ApiException, AttributeError) as error:
        # The library fails over its own exception, which has no body; that one's message has the answer's headers in
        # its middle, with their date.
        refusal = error if isinstance(error, ApiException) else error.__context__
        parts = refusal.reason.split(" -+-+- ")
        print("no such pod:", refusal.status, parts[0], parts[-1])


def writes(core):
    attempt("create", lambda: core.create_namespaced_config_map(WORK, config_map("written", a="1")))
    attempt("again", lambda: core.create_namespaced_config_map(WORK, config_map("written")))
    got = attempt("read", lambda: core.read_namespaced_config_map("written", WORK))
    got.data["b"] = "ä \u2028 <&>"
    attempt("replace", lambda: core.replace_namespaced_config_map("written", WORK, got))
    attempt("stale", lambda: core.replace_namespaced_config_map("written", WORK, got))
    attempt("patch", lambda: core.patch_namespaced_config_map("written", WORK, {"data": {"c": "3"}}))
    json_patch = [{"op": "remove", "path": "/data/a"}]
    attempt("JSON patch", lambda: core.patch_namespaced_config_map("written", WORK, json_patch))
    attempt("dry run", lambda: core.patch_namespaced_config_map("written", WORK, {"data": None}, dry_run="All"))
    attempt("strict", lambda: core.patch_namespaced_config_map(
        "written", WORK, {"unknown": 1}, field_validation="Strict"))
    attempt("invalid", lambda: core.create_namespaced_config_map(WORK, config_map("NOT A NAME")))
    deleted = core.delete_namespaced_config_map("written", WORK)
    print("delete:", deleted.status, deleted.details.name)
    attempt("gone", lambda: core.read_namespaced_config_map("written", WORK))


def logs(core):
    script = "for i in 1 2 3 4 5 6 7 8; do echo line $i ä; sleep 0.2; done; echo end"
    pod = client.V1Pod(
        metadata=client.V1ObjectMeta(name="talker"),
        spec=client.V1PodSpec(
            restart_policy="Never",
            termination_grace_period_seconds=0,
            containers=[client.V1Container(name="main", image="none", command=["sh", "-c", script])],
        ),
    )
    made = core.create_namespaced_pod(WORK, pod)

    def until(condition):
        watching = watch.Watch()
        for event in watching.stream(core.list_namespaced_pod, WORK, field_selector="metadata.name=talker",
                                     timeout_seconds=PATIENCE_SECONDS):
            if condition(event):
                return
        raise TimeoutError("the pod did not come that far")

    until(lambda event: event["object"].status.phase in ("Running", "Succeeded"))
    following = core.read_namespaced_pod_log("talker", WORK, follow=True, _preload_content=False)
    print("follow:", b"".join(following.stream()))
    lines = watch.Watch().stream(core.read_namespaced_pod_log, "talker", WORK)
    print("lines:", list(lines))
    print("tail:", repr(core.read_namespaced_pod_log("talker", WORK, tail_lines=2)))
    until(lambda event: event["object"].status.phase == "Succeeded")
    core.delete_namespaced_pod("talker", WORK, grace_period_seconds=0)
    remaining = core.list_namespaced_pod(WORK, field_selector="metadata.name=talker").items
    if any(pod.metadata.uid == made.metadata.uid for pod in remaining):
        until(lambda event: event["type"] == "DELETED")
    attempt("no such pod", lambda: core.read_namespaced_pod_log("talker", WORK))


def forwards(core):
    """The pod's server is ours: the node forwards to loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    forward = portforward(core.connect_get_namespaced_pod_portforward, POD, WORK, ports=str(port))
    near = forward.socket(port)
    near.setblocking(True)
    far, _ = listener.accept()
    for sender, receiver, content in ((far, near, b"greeting"), (near, far, bytes(range(256)) * 500)):
        received = b""
        sender.sendall(content)
        while len(received) < len(content):
            received += receiver.recv(65536)
        print("forwarded:", sha256(received), received == content)
    far.close()
    print("end:", near.recv(1), forward.error(port))


def tls(_core):
    """What Python 3.13 and later do by default: certificates are held to RFC 5280, to the letter."""
    with open(sys.argv[2], encoding="utf-8") as file:
        cluster = yaml.safe_load(file)["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    url = urllib.parse.urlsplit(cluster["server"])
    with socket.create_connection((url.hostname, url.port), timeout=PATIENCE_SECONDS) as connection:
        with context.wrap_socket(connection, server_hostname=url.hostname) as secured:
            print("strict verification:", secured.version())


SECTIONS = {
    "list": lists, "watch": watches, "exec": executes, "write": writes,
    "log": logs, "forward": forwards, "tls": tls,
}

if __name__ == "__main__":
    config.load_kube_config(sys.argv[2])
    for section in sys.argv[1].split(","):
        print(f"== {section}")
        SECTIONS[section](client.CoreV1Api())
