"""make.py asks the AWS CLI's own parser of shorthand, version 2, for the values of
values.txt and writes what it answers to answers.txt: JSON, or ! and its sentence."""
import json, os
from awscli.shorthand import ShorthandParser, ShorthandParseError

os.chdir(os.path.dirname(os.path.abspath(__file__)))
with open("answers.txt", "w") as out:
    for line in open("values.txt", newline="\n"):
        try:
            answer = json.dumps(ShorthandParser().parse(line.rstrip("\n")), separators=(",", ":"), ensure_ascii=False)
        except ShorthandParseError as e:
            answer = "!" + json.dumps(str(e), ensure_ascii=False)
        except Exception as e:
            answer = "!!" + type(e).__name__
        out.write(answer + "\n")
