"""aws.py runs commands of the AWS CLI version 2 in one process, which spares the
time of starting it for each. It reads a JSON array of arguments a line, with the
environment in front, and answers with the exit code and what was printed."""
import json, os, sys, tempfile, time

import awscli
from awscli.clidriver import main

if not awscli.__version__.startswith("2."):
    sys.exit("AWS CLI " + awscli.__version__)
answers = os.fdopen(os.dup(1), "w")
base = dict(os.environ)
for line in sys.stdin:
    request = json.loads(line)
    os.environ.clear()
    os.environ.update(base)
    os.environ.update(request["env"])
    time.tzset()
    sys.argv = ["aws"] + request["args"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdout, sys.stderr = os.fdopen(os.dup(1), "w"), os.fdopen(os.dup(2), "w")
        try:
            code = main()
        except SystemExit as e:
            code = e.code
        sys.stdout.flush()
        sys.stderr.flush()
        out.seek(0)
        err.seek(0)
        json.dump({"code": code, "out": out.read().decode(), "err": err.read().decode()}, answers)
    answers.write("\n")
    answers.flush()
