"""Answers of a language model survive a server that stumbles and a program that is killed

A proxy in front of a server breaks about a third of all requests: it drops them before or after they are answered, says that it is busy or broken,
is slower than the client's patience, returns something that is no JSON, or half a response. It runs in a process of its own:

    python tests/test_llm_faults.py 'SETTINGS AS JSON'

Behind it stands a stub that answers with the prompt and the seed it was sent, or a real server.
"""
import asyncio, json, logging, multiprocessing, os, random, shutil, signal, socket, subprocess, sys, time, urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
import pytest

# ---- the proxy ----

fetch = urllib.request.build_opener(urllib.request.ProxyHandler({})).open    # whatever HTTP_PROXY says
KINDS = ('dropped', 'answer dropped', 'busy', 'broken', 'slow', 'no JSON', 'half')

class FaultyServer:
    "Asks `upstream` (host, port), or answers as a stub, after a seeded choice of faults"
    def __init__(self, seed=0, each=2, good=26, slow=60., wait=0., upstream=None):
        self.rng,self.deck,self.cards = random.Random(seed),[],[*KINDS]*each + ['good']*good
        self.slow,self.wait,self.upstream,self.counts,self.delivered,self.tasks = slow,wait,upstream,Counter(),Counter(),set()

    def draw(self):
        "The fate of the next request; every kind comes equally often"
        if not self.deck: self.deck = self.rng.sample(self.cards, len(self.cards))
        return self.deck.pop()

    async def answer(self, head, body):
        "A whole response, head and body"
        if not self.upstream:
            asked = json.loads(body)
            said = json.dumps([asked['messages'][-1]['content'], asked['seed']])
            return b'', json.dumps(dict(model='stub', choices=[dict(message=dict(content=said), finish_reason='stop')], usage=dict(prompt_tokens=8, completion_tokens=5))).encode()
        reader,writer = await asyncio.open_connection(*self.upstream)
        lines = [l for l in head.split(b'\r\n')[:-2] if not l.lower().startswith(b'connection')]
        writer.write(b'\r\n'.join([*lines, b'Connection: close', b'', b'']) + body)
        head,_,body = (await reader.read(-1)).partition(b'\r\n\r\n')
        writer.close()
        if b' 200 ' not in head.split(b'\r\n')[0]: print('upstream:', head[:40], body[:300], file=sys.stderr, flush=True)
        return head, body

    async def respond(self, head, body):
        "(status, body, more headers, share of the body that is sent) or None to drop the line"
        path = head.split(b' ', 2)[1].decode()
        if path=='/counts': return 200, json.dumps(dict(faults=self.counts, delivered=self.delivered)).encode(), b'', 1
        if path.startswith('/always/'):                 # a server that repeats the key in its refusal
            key = next(l for l in head.decode().split('\r\n') if l.lower().startswith('authorization'))
            return int(path.split('/')[2]), json.dumps(dict(error=dict(message=f'I do not like {key}'))).encode(), b'Retry-After: 0.01\r\n', 1
        kind = self.draw()
        self.counts[kind] += 1
        if kind=='dropped': return None
        if kind=='busy': return 429, b'{"error": {"message": "busy"}}', b'Retry-After: 0.02\r\n', 1
        if kind=='broken': return 500, b'<html>Internal Server Error</html>', b'', 1
        if kind=='no JSON': return 200, b'<html>Please log in</html>', b'', 1
        if kind=='slow':
            await asyncio.sleep(self.slow)
            return None
        await asyncio.sleep(self.wait)
        upstream_head,reply = await self.answer(head, body)
        if kind=='answer dropped': return None
        if kind=='good': self.delivered[json.loads(body)['messages'][-1]['content']] += 1
        status = int(upstream_head.split(b' ', 2)[1]) if upstream_head else 200
        return status, reply, b'', .5 if kind=='half' else 1

    async def serve(self, reader, writer):
        self.tasks.add(task := asyncio.current_task())  # asyncio itself keeps a task by a weak reference only
        try:
            while True:
                head = await reader.readuntil(b'\r\n\r\n')
                length = next((int(l.split(b':')[1]) for l in head.lower().split(b'\r\n') if l.startswith(b'content-length')), 0)
                response = await self.respond(head, await reader.readexactly(length))
                if response is None: break
                status,body,headers,share = response
                writer.write(b'HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n' % (status, len(body), headers) + body[:int(share*len(body))])
                await writer.drain()
                if share<1: break
        except (asyncio.IncompleteReadError, ConnectionError): pass
        finally: writer.close(); self.tasks.discard(task)

async def main(settings):
    server = await asyncio.start_server(FaultyServer(**settings).serve, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

@contextmanager
def faulty_server(**settings):
    "The proxy in its own process; gives its address"
    with subprocess.Popen([sys.executable, __file__, json.dumps(settings)], stdout=subprocess.PIPE, text=True) as process:
        try: yield f'http://127.0.0.1:{int(process.stdout.readline())}'
        finally: process.kill()

def server_counts(url):
    with fetch(f'{url}/counts') as r: return json.load(r)

# ---- the program that is killed ----

def questions(count):
    from textclip.sampling.llms.protocol import Question, chat_prompt
    return [Question(chat_prompt(f'What does thing {i} look like?'), (i,)) for i in range(count)]

def ask_all(url, path, count, n, options, parameters={}):
    "What `sample_texts` does to get its answers: ask, and write each into the journal as it arrives"
    from textclip.core.journal import Journal
    from textclip.sampling.llms.server import HttpLLM
    from textclip.sampling.llms.protocol import SamplingParameters
    from textclip.sampling.asking import Asker
    llm = HttpLLM(f'{url}/v1', **{'model': 'stub', 'n_per_request': 1, **options})
    asker = Asker(llm, Journal(path), attempts=1)
    asker(questions(count), n, SamplingParameters(**parameters))
    return asker, llm

def lines(path): return path.read_bytes().count(b'\n') if path.exists() else 0

def records(path):
    "Whole records of a journal, and the number of torn lines"
    whole,torn = [],0
    for l in path.read_bytes().splitlines():
        try: whole.append(json.loads(l))
        except ValueError: torn += 1
    return whole, torn

def test_thousand_answers_two_kills(tmp_path):
    "1,000 requests through faults; the program is killed twice; every answer is stored exactly once and nothing is paid for twice"
    import textclip.sampling.llms.server, textclip.sampling.sample, openai     # once, so that a forked child is ready at once
    from textclip.core.basics import derive_seed
    from textclip.sampling.llms.protocol import prompt_text
    context = multiprocessing.get_context('fork' if sys.platform=='linux' else 'spawn')
    journal,options,kills = tmp_path/'journal.jsonl',dict(concurrency=16, timeout=2, retries=10, backoff=.02),(300, 650)
    start = time.perf_counter()
    with faulty_server(seed=1, each=1, good=14, slow=3.) as url:
        for k in kills:
            child = context.Process(target=ask_all, args=(url, journal, 250, 4, options))
            child.start()
            while lines(journal)<k and child.is_alive(): time.sleep(.005)
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            assert child.exitcode==-signal.SIGKILL and k<=lines(journal)<1000
        asker,llm = ask_all(url, journal, 250, 4, options)
        counts = server_counts(url)
    whole,torn = records(journal)
    keys = Counter(r['key'] for r in whole)
    assert len(keys)==1000 and set(keys.values())=={1}, 'every answer once'
    assert torn<=len(kills)                                  # a line that was being written when the program was killed
    assert asker.reused+asker.spent.answers==1000 and asker.reused>=kills[-1]-torn
    for r in whole:                                          # and each under its own question and seed
        prompt = tuple(map(tuple, r['prompt']))
        assert json.loads(r['text'])==[prompt[0][1], derive_seed(0, prompt_text(prompt), r['sample']) % 2**31]
    paid = sum(counts['delivered'].values())
    assert 1000<=paid<=1000+len(kills)*options['concurrency']+20   # lost: what was under way, at most, and what a starved machine did not read in time
    assert all(counts['faults'][k]>10 for k in KINDS), counts
    assert set(llm.retried)=={'broken connection', 'HTTP 429', 'HTTP 500', 'time-out', 'malformed JSON'}
    print(f"{time.perf_counter()-start:.1f} s, {sum(counts['faults'].values())} requests, {counts['faults']}, {paid-1000} answers lost in {len(kills)} kills, {torn} lines torn")

def interrupted(url, path):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try: ask_all(url, path, 50, 1, dict(timeout=60))
    except KeyboardInterrupt: os._exit(3)

def test_interrupt(tmp_path):
    "An interrupt from the keyboard ends the program at once, though answers are under way that will take a minute"
    import textclip.sampling.llms.server, textclip.sampling.sample, openai
    context = multiprocessing.get_context('fork' if sys.platform=='linux' else 'spawn')
    with faulty_server(seed=0, each=0, good=1, wait=60.) as url:
        child = context.Process(target=interrupted, args=(url, tmp_path/'journal.jsonl'))
        child.start()
        while server_counts(url)['faults'].get('good', 0)<16: time.sleep(.05)
        os.kill(child.pid, signal.SIGINT)
        child.join(10)
        assert child.exitcode==3
    assert lines(tmp_path/'journal.jsonl')==0

def test_key_is_written_nowhere(tmp_path, monkeypatch):
    "Every refusal by a server that repeats the key, all loggers on: journal, errors, logs and manifest do not hold it"
    from textclip.core.basics import TextclipError
    from textclip.sampling.llms.server import HttpLLM
    from textclip.benchmark.manifest import report_manifest
    from textclip.sampling.sample import sample_texts
    from textclip.types.task import Task
    import traceback
    key = 'fake-key-0123456789abcdef'
    monkeypatch.setenv('TEXTCLIP_TEST_KEY', key)
    monkeypatch.setenv('TEXTCLIP_HOME', str(tmp_path/'home'))
    handler,root = logging.FileHandler(tmp_path/'log.txt'),logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    task,errors = Task('pets', ['cat', 'dog']),[]
    try:
        with faulty_server(seed=2, each=1, good=14, slow=1.) as url:
            for status in (400, 401, 403, 404, 422, 429, 500):
                llm = HttpLLM(f'{url}/always/{status}/v1', 'm', key_from='TEXTCLIP_TEST_KEY', retries=1, backoff=.01)
                with pytest.raises(TextclipError, match=f'HTTP {status}') as e: sample_texts(task, llm, 'cupl', n=1)
                assert 'I do not like' in str(e.value)
                errors += [repr(llm), str(vars(llm)), *traceback.format_exception(e.value)]
            llm = HttpLLM(f'{url}/v1', 'm', key_from='TEXTCLIP_TEST_KEY', timeout=.5, backoff=.01, retries=12)
            texts = sample_texts(task, llm, 'cupl', n=2, attempts=1)
    finally:
        root.removeHandler(handler); root.setLevel(level); handler.close()
    (tmp_path/'errors.txt').write_text('\n'.join(errors))
    (tmp_path/'manifest.json').write_text(json.dumps(report_manifest(task, texts=texts, llm=llm.name)))
    texts.to_json(tmp_path/'texts.jsonl')
    files = [f for f in tmp_path.rglob('*') if f.is_file()]
    assert {'log.txt', 'errors.txt', 'manifest.json', 'texts.jsonl'} < {f.name for f in files}
    assert any(f.parent.name=='llm' and f.stat().st_size>500 for f in files) and (tmp_path/'log.txt').stat().st_size>10_000
    assert not [f.name for f in files if key.encode() in f.read_bytes()]

# ---- a real server ----

@contextmanager
def transformers_serve(folder, log):
    "`transformers serve` with the model in `folder`, once it answers; gives its port"
    with socket.socket() as s: s.bind(('127.0.0.1', 0)); port = s.getsockname()[1]
    command = [Path(sys.executable).with_name('transformers'), 'serve', folder, '--host', '127.0.0.1', '--port', str(port), '--dtype', 'float32']
    with open(log, 'wb') as out, subprocess.Popen(list(map(str, command)), stdout=out, stderr=out, env={**os.environ, 'OMP_NUM_THREADS': '1'}) as process:
        try:
            for _ in range(600):
                assert process.poll() is None, log.read_text()[-2000:]
                try: fetch(f'http://127.0.0.1:{port}/health', timeout=5); break
                except OSError: time.sleep(.2)
            yield port
        finally: process.kill()

@pytest.mark.slow
def test_real_server_behind_faults(tmp_path):
    "30 real answers of SmolLM2 behind `transformers serve`, with the same faults in front; killed and resumed twice (pip install 'transformers[serving]')"
    pytest.importorskip('fastapi', reason="needs pip install 'transformers[serving]'"); pytest.importorskip('uvicorn')
    import textclip.sampling.sample, openai
    from textclip.sampling.llms.server import HttpLLM
    from textclip.sampling.llms.protocol import SamplingParameters, chat_prompt
    from textclip.sampling.llms.local import smollm2_folder
    folder = tmp_path/'smollm2'
    shutil.copytree(smollm2_folder(), folder, copy_function=os.link if os.stat(smollm2_folder()).st_dev==os.stat(tmp_path).st_dev else shutil.copy)
    config = json.loads((folder/'generation_config.json').read_text())
    (folder/'generation_config.json').unlink()               # hard links: do not write into the store
    (folder/'generation_config.json').write_text(json.dumps({**config, 'do_sample': True}))
    context = multiprocessing.get_context('fork' if sys.platform=='linux' else 'spawn')
    journal,draw,start = tmp_path/'journal.jsonl',dict(max_tokens=8),time.perf_counter()
    with transformers_serve(folder, tmp_path/'serve.log') as port:
        direct,took = HttpLLM(f'http://127.0.0.1:{port}/v1', str(folder), timeout=300),[]
        for i in range(3):
            before = time.perf_counter()
            assert len(list(direct.answer([chat_prompt(f'What does a teapot look like? {i}')], [i], SamplingParameters(**draw))))==1
            took.append(time.perf_counter()-before)
        patience = 3 + 10*took[-1]                           # a busy machine is slow by itself
        options = dict(model=str(folder), concurrency=2, timeout=patience, retries=10, backoff=.05)
        real_answers(port, options, patience, context, journal, draw)
    print(f"{time.perf_counter()-start:.1f} s in all, {took[-1]:.2f} s an answer without the proxy")

def real_answers(port, options, patience, context, journal, draw):
    "The part of the test that has a server"
    with faulty_server(seed=3, each=1, good=10, slow=patience+5, upstream=['127.0.0.1', port]) as url:
        for k in (8, 18):
            child = context.Process(target=ask_all, args=(url, journal, 15, 2, options, draw))
            child.start()
            while lines(journal)<k and child.is_alive(): time.sleep(.005)
            os.kill(child.pid, signal.SIGKILL)
            child.join()
            assert child.exitcode==-signal.SIGKILL and k<=lines(journal)<30
        asker,llm = ask_all(url, journal, 15, 2, options, draw)
        counts = server_counts(url)
    whole,torn = records(journal)
    assert len(whole)==30==len({r['key'] for r in whole}) and torn<=2
    assert len({r['text'] for r in whole})>25 and all(0<r['answer_tokens']<=8 for r in whole)
    assert all(counts['faults'].get(k, 0) for k in KINDS), counts
    print(counts['faults'], 'for example', repr(whole[0]['text']))

if __name__=='__main__': asyncio.run(main(json.loads(sys.argv[1])))
