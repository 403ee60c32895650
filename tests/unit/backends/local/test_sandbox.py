from pathlib import Path

from statuette.backends.local.sandbox import Layout, arguments, base_environment, etc_files


def layout():
    return Layout(
        hostname="svc",
        read_only={"/oscar/config": Path("/state/config")},
        writable={"/tmp": Path("/state/tmp")},
        environment=base_environment(python=True),
    )


def test_everything_is_unshared_and_no_further_users():
    options = arguments(layout(), [])
    for option in (
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--new-session",
        "--die-with-parent",
        "--clearenv",
    ):
        assert option in options


def test_mounts_in_order_and_read_only_at_the_end():
    options = arguments(layout(), ["--ro-bind", "/usr", "/usr"])
    text = " ".join(options)
    places = [
        text.index(each)
        for each in ("/usr /usr", "--dev /dev", "--bind /state/tmp /tmp", "--ro-bind /state/config", "--remount-ro /")
    ]
    assert places == sorted(places)


def test_the_environment_is_small():
    assert set(base_environment(python=False)) == {"PATH", "HOME", "LANG", "TMPDIR", "USER"}
    assert base_environment(python=True)["PATH"].startswith("/oscar/python/bin:")


def test_made_files_name_no_user_of_this_machine():
    files = etc_files(nameservers=["10.0.2.3"])
    assert files["resolv.conf"] == "nameserver 10.0.2.3\n"
    assert "oscar:x:1000" in files["passwd"]
