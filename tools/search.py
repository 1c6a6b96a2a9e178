"""The index behind the site's search: every word of every section, and what stands in titles counts most

`index` writes it; tools/search.js looks things up in it. `find` says the same in Python, for the tests.
"""
import json, math, re
from collections import defaultdict

MOST,SNIPPET = 1_500_000,170   # bytes of the index; characters of a section that a result shows
TITLE,HEADING,TEXT = 6,4,1     # what a word counts in the page's title, the section's heading, its text
SHARE,PER_PAGE,SHOWN = .6,3,20   # a result has this share of what the query's words weigh; results of one page; results
STOP = frozenset('a about am an and any are as at be but by can could do does for from get give has have how i if in into is it its just like make me my need '
    'of on or our should so that the their them then there these they this to up use want was we what when where which who why will with would you your'.split())

def stem(word):
    "A word without its ending: `choosing`, `chooses` -> `choos`"
    if len(word)>4 and word.endswith('ies'): word = word[:-3]+'y'
    elif len(word)>3 and word.endswith('s') and not word.endswith('ss'): word = word[:-1]
    if len(word)>5 and word.endswith('ing'): word = word[:-3]
    elif len(word)>4 and word.endswith('ed'): word = word[:-2]
    return word[:-1] if len(word)>4 and word.endswith('e') else word

def words(text):
    "The words of `text` as they are looked up"
    return [stem(w) for w in re.findall(r'[^\W_]+', text.lower())]

def coded(numbers):
    "Rising numbers as steps in base 36: `[3, 5, 40]` -> '3,2,z'"
    digits = '0123456789abcdefghijklmnopqrstuvwxyz'
    steps = [b-a for a,b in zip([0]+numbers[:-1], numbers)]
    short = lambda n: (short(n//36) if n>35 else '') + digits[n%36]
    return ','.join(map(short, steps))

def decoded(text):
    "What `coded` wrote"
    res = []
    for step in text.split(','): res.append((res[-1] if res else 0)+int(step, 36))
    return res

def index(sections # smalldocs' entries: href, title, section, text
          ):
    "The index as bytes of JSON: pages [address, title], sections [page, anchor, heading, beginning], word -> sections"
    pages,rows,places = {},[],defaultdict(set)
    for o in sections:
        address,_,anchor = o['href'].partition('#')
        number = pages.setdefault((address, o['title']), len(pages))
        text = re.sub(r'^source |(?<= )Name (?:Type )?(?:Default )?Details ', '', o['text']).strip()
        for w in words(text):
            if len(w)>1 and not (w.isdigit() and len(w)>4) and len(w)<30: places[w].add(len(rows))
        rows.append([number, anchor, o['section'], text[:SNIPPET]])
    table = {w: coded(sorted(s)) for w,s in sorted(places.items())}
    return json.dumps(dict(pages=list(pages), sections=rows, words=table), ensure_ascii=False, separators=(',', ':')).encode()

def find(made, query, shown=SHOWN):
    "The sections for `query`, best first, as search.js finds them: (address, heading)"
    table,pages,rows = made['words'],made['pages'],made['sections']
    asked = [w for w in dict.fromkeys(words(query)) if len(w)>1]
    asked = [w for w in asked if w not in {stem(s) for s in STOP}] or asked
    heads = [(set(words(pages[p][1])), set(words(heading))) for p,_,heading,_ in rows]
    score,weight = defaultdict(float),dict()
    for w in asked:
        last = w==asked[-1] and len(w)>2
        alike = lambda found: w in found or last and any(f.startswith(w) for f in found)
        text = {n for k in ([k for k in table if k.startswith(w)] if last else [w] if w in table else []) for n in decoded(table[k])}
        title = {n for n,(t,_) in enumerate(heads) if alike(t)}
        heading = {n for n,(_,h) in enumerate(heads) if alike(h)}
        hits = text | title | heading
        weight[w] = math.log(1+len(rows)/(1+len(hits)))
        for n in hits: score[n, w] = weight[w]*(TITLE*(n in title)+HEADING*(n in heading)+TEXT*(n in text))
    total,sums,found = sum(weight.values()),defaultdict(float),defaultdict(float)
    for (n,w),s in score.items():
        sums[n] += s
        found[n] += weight[w]
    best = sorted((n for n in sums if found[n]>=SHARE*total), key=lambda n: (-sums[n]*(found[n]/total)**2, n))
    res,per_page = [],defaultdict(int)
    for n in best:
        page,anchor,heading,_ = rows[n]
        per_page[page] += 1
        if per_page[page]<=PER_PAGE: res.append((pages[page][0]+(f'#{anchor}' if anchor else ''), heading))
    return res[:shown]
