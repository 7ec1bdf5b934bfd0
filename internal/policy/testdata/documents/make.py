"""Writes statements.jsonl, aws-managed.tsv and aws-guides.tsv: the forms of the policy documents that AWS
manages and prints, without their texts.

    python3 make.py MAMIP/policies iam-user-guide/doc_source amazon-s3-userguide/doc_source ...

MAMIP is github.com/zoph-io/MAMIP; the guides are github.com/awsdocs/..., before they were archived. A form is a
statement in which every name is a letter: services, actions, resources, keys and values. What the language looks at
stays: elements, operators, wildcards, variables, the components of an ARN, kinds of IAM resources, the principals
and conditions of trust policies. Lists have each form once.
"""
import glob, html, json, os, re, sys

VARIABLE = re.compile(r'\$\{[^}]*\}')


def key(text):
    head, *tag = text.split('/', 1)
    head = re.sub(r'[A-Za-z0-9]+', lambda m: 'aws' if m[0] == 'aws' else 'k', head)
    return re.sub(r'k([.\-_]k)+', 'k', head) + ('/t' if tag else '')


def variable(text):
    inner = text[2:-1]
    if inner in ('*', '?', '$'):
        return text
    name, *default = inner.split(',', 1)
    return '${' + key(name) + (", 'd'" if default else '') + '}'


def words(text):
    text = re.sub(r'[A-Za-z0-9_+=,.@#&~%!/:-]+', 'v', text)
    text = re.sub(r'\*+', '*', text)
    for _ in range(3):
        text = re.sub(r'(\*?v\*?|v\?)(\1)+', r'\1', text)
    return re.sub(r'(v\*)+v?\*?', lambda m: 'v*' if m[0].endswith('*') else 'v*v', text)


def pattern(text):
    out, at = '', 0
    for m in VARIABLE.finditer(text):
        out += words(text[at:m.start()]) + variable(m[0])
        at = m.end()
    return out + words(text[at:])


def action(text):
    if ':' not in text:
        return re.sub(r'[A-Za-z0-9]+', 'A', text)
    service, name = text.split(':', 1)
    if service != '*':
        service = re.sub(r'[A-Z][A-Za-z0-9-]*', 'S', re.sub(r'[a-z0-9][a-z0-9-]*', 's', service))
    return service + ':' + re.sub(r'[A-Za-z0-9]+', 'A', name)


def arn(text):
    c = text.split(':', 5)
    if text == '*' or c[0] != 'arn':
        return pattern(text) if text != '*' else text
    if len(c) < 6:
        return ':'.join(c[:3] + [w and words(w) for w in c[3:]])
    _, partition, service, region, account, resource = c
    kind = re.match(r'([a-z-]+/)(.*)', resource, re.S) if service in ('iam', 'sts') or service == 's3' and region else None
    if service not in ('iam', 'sts', 's3'):
        service = words(service)
    if kind:
        resource = kind[1] + pattern(kind[2])
    elif not (service == 'iam' and resource == 'root'):
        resource = pattern(resource)
    return ':'.join(['arn', partition, service, region and pattern(region), account and pattern(account), resource])


def value(operator, text):
    base = re.sub(r'IfExists$', '', operator.split(':')[-1])
    if not isinstance(text, str):
        return text if isinstance(text, bool) else 1
    if base in ('Bool', 'Null'):
        return text if not text.startswith('${') else variable(text)
    if base.startswith('Numeric'):
        return re.sub(r'\d+', '1', text)
    if base.startswith('Date'):
        return re.sub(r'^\d{4}', '2026', text)
    if 'IpAddress' in base and re.match(r'[0-9a-fA-F.:]+(/\d+)?$', text):
        address, *bits = text.split('/')
        return ('2001:db8::' if ':' in address else '192.0.2.0') + ('/' + ('32' if ':' in address else '24') if bits else '')
    if base == 'BinaryEquals':
        return 'AA=='
    return arn(text) if text.startswith('arn:') or base.startswith('Arn') else pattern(text)


def each(form, values):
    if not isinstance(values, list):
        return form(values)
    return [json.loads(t) for t in sorted({json.dumps(form(v)) for v in values})]


def principal(text):
    """Trust policies keep whom they name; accounts are all the same one."""
    if ' ' in text.strip():
        return pattern(text)  # says in words what belongs here
    text = re.sub(r'\d{12}', '111122223333', text)
    return re.sub(r'(:(?:role|user|assumed-role|saml-provider)/).*', r'\1v', text)


def statement(s, trust):
    r = {k: s[k] for k in ('Effect',) if k in s}
    r.update({k: 'v' for k in s if k not in ('Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition')})
    for k in ('Principal', 'NotPrincipal'):
        if k in s:
            r[k] = s[k] if isinstance(s[k], str) else {t: each(principal, v) for t, v in s[k].items()}
    for k in ('Action', 'NotAction'):
        if k in s:
            r[k] = s[k] if trust else each(action, s[k])
    for k in ('Resource', 'NotResource'):
        if k in s:
            r[k] = each(arn, s[k])
    if 'Condition' in s:
        r['Condition'] = {}
        for operator, keys in sorted(s['Condition'].items()):
            forms = r['Condition'][operator] = {}
            for k, v in keys.items():
                k, form = k if trust else key(k), each(lambda t: value(operator, t), v)
                while k in forms and forms[k] != form:
                    k += 'x'
                forms[k] = form
    return r


def statements(d):
    return d['Statement'] if isinstance(d['Statement'], list) else [d['Statement']]


def kind(d):
    """What the document is for; nothing for a policy of a resource, which names both."""
    elements = {k for s in statements(d) for k in s}
    named, resources = elements & {'Principal', 'NotPrincipal'}, elements & {'Resource', 'NotResource'}
    return 'identity' if not named else '' if resources else 'trust'


def documents(folder):
    """The documents printed in a guide."""
    for path in sorted(glob.glob(folder + '/**/*.md', recursive=True)):
        with open(path, encoding='utf-8') as f:
            blocks = re.findall(r'```[^\n]*\n(.*?)```', f.read(), re.S)
        for text in blocks:
            text = html.unescape(text).replace('\u00a0', ' ')
            text = re.sub(r'\\([_*\[\]<>$])', r'\1', text[text.find('{'):text.rfind('}') + 1])
            try:
                d = json.loads(text)
            except ValueError:
                continue  # several documents, code, or not JSON
            if isinstance(d, dict) and 'Statement' in d:
                yield os.path.basename(path)[:-3], d


def main(managed, *guides):
    forms, here = {}, os.path.dirname(os.path.abspath(__file__))

    def row(name, kind, d):
        numbers = []
        for s in statements(d):
            text = json.dumps(statement(s, kind == 'trust'), separators=(',', ':'), ensure_ascii=False)
            n = forms.setdefault(text, len(forms) + 1)
            if n not in numbers:
                numbers.append(n)
        size = len(json.dumps(d, separators=(',', ':'), ensure_ascii=False))
        return f"{name}\t{kind}\t{d.get('Version', '')}\t{len(statements(d))}\t{size}\t{' '.join(map(str, numbers))}\n"

    rows = []
    for path in sorted(glob.glob(managed + '/*')):
        with open(path, encoding='utf-8') as f:
            try:
                d = json.load(f)['PolicyVersion']['Document']
            except ValueError:
                continue  # empty there
        rows.append(row(os.path.basename(path), 'managed', d))
    with open(here + '/aws-managed.tsv', 'w', encoding='utf-8') as f:
        f.writelines(rows)
    rows = [row(name, kind(d), d) for folder in guides for name, d in documents(folder) if kind(d)]
    with open(here + '/aws-guides.tsv', 'w', encoding='utf-8') as f:
        f.writelines(rows)
    with open(here + '/statements.jsonl', 'w', encoding='utf-8') as f:
        f.writelines(text + '\n' for text in forms)


main(*sys.argv[1:])
