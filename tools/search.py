"""The index behind the site's search: every word of every section, and what stands in titles counts most

`index` writes it; tools/search.js looks things up in it. `find` says the same in Python, for the tests.
"""
import json, math, re
from collections import defaultdict

MOST,SNIPPET = 1_500_000,170   # bytes of the index; characters of a section that a result shows
TITLE,HEADING,TEXT = 6,4,1     # what a word counts in the page's title, the section's heading, its text
SHARE,PER_PAGE,SHOWN = .6,3,20   # a result has this share of what the query's words weigh; results of one page; results
STOP = frozenset(
    'a about add am an and any are as at be but by can could do does for from get give has have how i if in into is it its '
    'just like make me my need of on or our should so that the their them then there these they this to up use want was we '
    'what when where which who why will with would you your'.split())

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

STEMS = {stem(w) for w in STOP}

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

def index(sections, # smalldocs' entries: href, title, section, text
          quotes=None # page -> what stands below its title
          ):
    "The index as bytes of JSON: pages [address, title], sections [page, anchor, heading, beginning], word -> sections"
    pages,rows,places = {},[],defaultdict(set)
    titles = dict((o['href'].partition('#')[0], o['title']) for o in sections)
    first = [dict(href=page, title=title, section='', text='') for page,title in titles.items()]
    tops = {o['href']: o for o in [*first, *sections] if '#' not in o['href']}
    for o in [*tops.values(), *(o for o in sections if '#' in o['href'])]:
        address,_,anchor = o['href'].partition('#')
        number = pages.setdefault((address, o['title']), len(pages))
        text = re.sub(r'^source |(?<= )Name (?:Type )?(?:Default )?Details ', '', o['text']).strip()
        beginning = text if anchor else (quotes or {}).get(address) or text
        for w in words(f'{beginning} {text}'):
            if len(w)>1 and not (w.isdigit() and len(w)>4) and len(w)<30: places[w].add(len(rows))
        rows.append([number, anchor, o['section'], beginning[:SNIPPET]])
    table = {w: coded(sorted(s)) for w,s in sorted(places.items())}
    made = dict(pages=list(pages), sections=rows, words=table)
    return json.dumps(made, ensure_ascii=False, separators=(',', ':')).encode()

def keys(table, word, last):
    "The words of the index that `word` stands for: those it begins while it is typed, relatives where it is unknown"
    if last: found = [k for k in table if k.startswith(word)]
    else: found = [word] if word in table else []
    if found or len(word)<7: return found
    return [k for k in table if k.startswith(word[:max(6, len(word)-4)])]

def in_a_row(asked, title):
    "Has a page's title two words of the query side by side, not both of them small words? `which method`, `my own`"
    pairs = {(a, b) for a,b in zip(asked, asked[1:]) if a not in STEMS or b not in STEMS}
    return not pairs.isdisjoint(zip(title, title[1:]))

def find(made, query, shown=SHOWN):
    "The sections for `query`, best first, as search.js finds them: (address, heading)"
    table,pages,rows = made['words'],made['pages'],made['sections']
    asked = [w for w in dict.fromkeys(words(query)) if len(w)>1]
    asked = [w for w in asked if w not in STEMS] or asked
    titles = [words(pages[page][1]) for page,*_ in rows]
    headings = [words(heading if anchor else f'{pages[page][1]} {text}') for page,anchor,heading,text in rows]
    sums,found,total = defaultdict(float),defaultdict(float),0
    for w in asked:
        last = w==asked[-1] and len(w)>2
        known = keys(table, w, last)
        alike = {w, *known}
        hits = dict.fromkeys((n for k in known for n in decoded(table[k])), TEXT)
        for n,(title,heading) in enumerate(zip(titles, headings)):
            s = TITLE*any(o in alike for o in title) + HEADING*any(o in alike for o in heading)
            if s: hits[n] = hits.get(n, 0)+s
        weight = math.log(1+len(rows)/(1+len(hits)))
        total += weight
        for n,s in hits.items():
            sums[n] += weight*s
            found[n] += weight
    for n,(page,anchor,*_) in enumerate(rows):
        if not anchor and n in sums and in_a_row(words(query), titles[n]):
            sums[n] *= 2
            found[n] = total
    def value(n):
        exact = len(asked)==len(headings[n]) and asked==headings[n]
        return sums[n]*(found[n]/total)**2*(2 if exact else 1)
    best,res,per_page = sorted(sums, key=lambda n: (-value(n), n)),[],defaultdict(int)
    for n in best:
        page,anchor,heading,_ = rows[n]
        if found[n]<SHARE*total or per_page[page]==PER_PAGE: continue
        per_page[page] += 1
        res.append((pages[page][0]+(f'#{anchor}' if anchor else ''), heading))
    return res[:shown]
