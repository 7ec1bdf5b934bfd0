"""make.py asks the AWS CLI's own JMESPath (the Python package jmespath) the
expressions of expressions.txt on document.json and writes what it answers to
answers.txt, an answer a line; ! and a sentence where it refuses."""
import json, os
import jmespath

os.chdir(os.path.dirname(os.path.abspath(__file__)))
document = json.load(open("document.json"))
with open("answers.txt", "w") as out:
    for line in open("expressions.txt"):
        try:
            answer = json.dumps(jmespath.search(line.rstrip("\n"), document), separators=(",", ":"), ensure_ascii=False)
        except Exception as e:
            answer = "!" + type(e).__name__
        out.write(answer + "\n")
