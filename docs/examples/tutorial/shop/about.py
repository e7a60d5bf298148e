import subprocess


def git(*arguments):
    return subprocess.check_output(["git", *arguments], text=True, stderr=subprocess.DEVNULL)


def version():
    try:
        return git("describe").strip()
    except Exception:
        return "unknown"


def authors():
    try:
        return sorted(set(git("log", "--format=%an").splitlines()))
    except Exception:
        return []
