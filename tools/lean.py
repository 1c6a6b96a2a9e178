"""A lighter site: what every page repeats is written once, and rules of stylesheets that no page uses are left out

The bar at the top, the wrappers of code blocks and the anchors of headings are put back by navigation.js and page.js.
`tools/icons/` has the icons that pages use, cut from the font of Bootstrap Icons (MIT) by fontTools' pyftsubset.
"""
import re

OPEN = re.compile(r'<div class="code-copy-outer-scaffold"><div class="sourceCode"><pre class="sourceCode \w* ?code-with-copy( cell-code)?">'
                  r'<code class="sourceCode[^"]*">(?s:(.*?))</code></pre></div></div>')
HEADER = re.compile(r'(?s)(<header id="quarto-header"[^>]*>)(.*?)(</header>)')
CRUMBS = re.compile(r'(?s)<ol class="breadcrumb">.*?</ol>')
UNUSED = re.compile(r' data-scroll-target="[^"]*"|(?<=<div class="sourceCode") id="cb\d+"| id="toc-(?!title")[^"]*"'
                    r'| data-anchor-id="[^"]*"|(?<=<div) id="cell-\d+"')

def header(pages # path -> text
           ):
    "What the top of every page holds, with `UP/` where the way to the first page belongs; the breadcrumbs are page.js's"
    found = {}
    for path,text in pages.items():
        m = HEADER.search(text)
        top = CRUMBS.sub('', m[2]).replace(f'href="{"../"*path.count("/")}index.html"', 'href="UP/index.html"')
        found[top] = found.get(top, 0)+1
    return max(found, key=found.get)

def lean_page(text):
    "A page without what is put back when it is shown"
    text = UNUSED.sub('', HEADER.sub(r'\1\3', text, count=1))
    return OPEN.sub(lambda m: f'<pre class="code{m[1] or ""}"><code>{m[2]}</code></pre>', text)

FREQUENT = dict(st='u', kw='b', cf='em')   # strings, keywords, control flow: four of five marks

def lean_code(pre):
    "Highlighted code with fewer and shorter marks: none in the colour of the text, one for neighbours of one colour"
    pre = pre.replace('&#x27;', "'").replace('&quot;', '"').replace('<span class="ss">', '<span class="st">')
    pre = re.sub(r'<span class="(?:bu|op|va|dv|fl)">([^<]*)</span>', r'\1', pre)
    pre = re.sub(r'<span class="(\w\w)">([^<]*)</span>', r'<i class=\1>\2</i>', pre)
    one = lambda m: f'<i class={m[1]}>' + re.sub('<[^>]*>', '', m[0]) + '</i>'
    pre = re.sub(r'<i class=(\w\w)>[^<]*</i>(?:<i class=\1>[^<]*</i>)+', one, pre)
    return re.sub(r'<i class=(st|kw|cf)>([^<]*)</i>', lambda m: f'<{FREQUENT[m[1]]}>{m[2]}</{FREQUENT[m[1]]}>', pre)

# %% Stylesheets

def blocks(css):
    "(what stands before the braces, what stands within) of a stylesheet's rules; the second is None for `@charset ...;`"
    at = 0
    while at<len(css):
        if css.startswith('/*', at):
            end = css.index('*/', at)+2
            yield css[at:end],None
            at = end
            continue
        m = re.compile(r'[^{};]*([{;}])').match(css, at)
        if not m or m[1]=='}': return
        if m[1]==';':
            yield m[0],None
            at = m.end()
            continue
        depth,end = 1,m.end()
        while depth:
            step = re.compile(r'"(?:\\.|[^"\\])*"|[{}]').search(css, end)
            depth += {'{': 1, '}': -1}.get(step[0], 0)
            end = step.end()
        yield m[0][:-1],css[m.end():end-1]
        at = end

def lean_css(css,    # a stylesheet without blanks
             used    # names of classes that pages and scripts have
             ):
    "The rules of which some selector has no unused class"
    kept = []
    for head,body in blocks(css):
        if body is None: kept.append(head)
        elif head.startswith(('@media','@supports')):
            inner = lean_css(body, used)
            if inner: kept.append(f'{head}{{{inner}}}')
        elif head.startswith('@'): kept.append(f'{head}{{{body}}}')
        else:
            selectors = [s for s in re.split(r',(?![^(]*\))', head) if classes(s)<=used]
            if selectors: kept.append(f'{",".join(selectors)}{{{body}}}')
    return ''.join(kept)

def classes(selector):
    "Names of the classes that an element must have; those in `:not(...)` and `:is(...)` need not be there"
    return set(re.findall(r'\.(-?[A-Za-z_](?:[\w-]|\\.)*)', re.sub(r':(?:not|is|where)\([^)]*\)', '', selector)))

def used_classes(files # path -> bytes of the site
                 ):
    "Names of classes on pages, and whatever could be one in scripts"
    found = set()
    for path,data in files.items():
        text = data.decode() if path.endswith(('.html','.js')) else ''
        if path.endswith('.js'): found.update(re.findall(r'[A-Za-z_][\w-]*', text))
        else:
            for quoted,bare in re.findall(r'class=(?:"([^"]*)"|(\w+))', text): found.update((quoted or bare).split())
    return found
