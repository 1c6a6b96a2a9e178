"""A server that answers in seventy wrong ways: a question through each fault, and one when it behaves again

    python tools/drills/server_faults.py

Every fault must end in an answer or in one sentence (`TextclipError`), within seconds. The key may stand nowhere, and
what was answered must be in the journal.
"""
import gzip, json, os, socket, struct, tempfile, threading, time
from pathlib import Path
import _record

KEY = 'secret-key-0123456789-abcdefghij-0123456789-abcde'
os.environ['DRILL_KEY'] = KEY

def reply(body, status=200, headers=(), length=None):
    "The bytes of a response"
    body = body if isinstance(body, bytes) else body.encode('utf-8', 'surrogatepass')
    lines = [f'HTTP/1.1 {status} X', 'Content-Type: application/json', *headers]
    if length is not False: lines.append(f'Content-Length: {len(body) if length is None else length}')
    return '\r\n'.join([*lines, 'Connection: close', '', '']).encode('latin-1') + body

def answer(content='a red fruit', usage=None, **more):
    "The body of an answer"
    choice = dict(index=0, message=dict(role='assistant', content=content), finish_reason='stop') | more
    return json.dumps(dict(model='m', choices=[choice], usage=usage or dict(prompt_tokens=5, completion_tokens=3)))

def body(**parts): return json.dumps(dict(model='m', choices=[], usage=None) | parts)

STATUSES = (
    300, 301, 302, 307, 400, 401, 402, 403, 404, 405, 408, 409, 413, 415, 418, 422, 425, 429,
    500, 501, 502, 503, 504, 507, 529)
WAITS = (
    'inf', '-inf', 'nan', '-5', 'soon', '1e400', '', 'Mon, 01 Jan 1990 00:00:00 GMT', 'Mon, 99 Foo 2099 00:00:00 GMT')
BODIES = ('', 'null', '[]', '5', '""', '{}', 'true', '['*100_000, '{"choices": 5}')
GZIP = ['Content-Encoding: gzip']
FAULTS = {f'status {s}': reply(json.dumps(dict(error=dict(message=f'no, {KEY}', code=KEY))), s) for s in STATUSES}
FAULTS |= {f'Retry-After: {w}': reply('{}', 429, [f'Retry-After: {w}']) for w in WAITS}
FAULTS |= {f'body {o[:24]!r}': reply(o) for o in BODIES}
FAULTS |= {
    'choices is null': reply(body(choices=None)),
    'choice is null': reply(body(choices=[None])),
    'no message': reply(body(choices=[{}])),
    'message is a list': reply(body(choices=[dict(message=[])])),
    'content is null': reply(answer(None)),
    'content is a number': reply(answer(5)),
    'content is parts': reply(answer([dict(type='text', text='a')])),
    'half a letter': reply(answer('a \ud83d b')),
    'a NUL': reply(answer('a \0 b')),
    'the key as answer': reply(answer(f'it is {KEY}')),
    'the key as model': reply(body(model=KEY, choices=[dict(message=dict(content='a'))])),
    'the key at the cut': reply(json.dumps(dict(error=dict(message='x'*370 + KEY))), 500),
    'negative tokens': reply(answer(usage=dict(prompt_tokens=-9, completion_tokens=-9))),
    'tokens are words': reply(answer(usage=dict(prompt_tokens='many', completion_tokens=None))),
    'usage is a list': reply(answer(usage=[1])),
    'an unknown end': reply(answer(finish_reason='because')),
    'the end is a number': reply(answer(finish_reason=7)),
    'UTF-16': reply(answer().encode('utf-16')),
    'no UTF-8': reply(b'\xff\xfe\xfa{"choices"'),
    'half': reply(answer()[:40]),
    'too long a length': reply(answer(), length=10_000),
    'damaged gzip': reply(b'\x1f\x8b\x08\0\0', headers=GZIP),
    'a gzip bomb': reply(gzip.compress(b'x'*200_000_000, 9), headers=GZIP),
    'ninety megabytes': reply(b'"' + b'x'*90_000_000 + b'"'),
    'no HTTP': b'hello\r\n\r\n',
    'nothing': b'',
    'reset': None,
    'silence': ...,
    'damaged chunks': reply(b'zz\r\n{}', headers=['Transfer-Encoding: chunked'], length=False),
    'a wrong type': reply('<html>', headers=['X: y'])}

class Server(threading.Thread):
    "Answers every connection with the same bytes"
    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port,self.bytes = self.socket.getsockname()[1],b''

    def run(self):
        while True: threading.Thread(target=self.serve, args=self.socket.accept()[:1], daemon=True).start()

    def serve(self, line):
        "Read a request and send what is to be sent"
        try:
            head = b''
            while b'\r\n\r\n' not in head: head += line.recv(65536) or b'\r\n\r\n'
            if self.bytes is ...: time.sleep(5)
            elif self.bytes is None: line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            else: line.sendall(self.bytes)
        except OSError: pass
        finally: line.close()

def drill(name, server, folder):
    "What becomes of one question"
    from textclip.core.basics import TextclipError, own_warnings
    from textclip.core.journal import Journal
    from textclip.sampling.asking import Asker
    from textclip.sampling.llms.protocol import Question, chat_prompt
    from textclip.sampling.llms.server import HttpLLM
    options = dict(key_from='DRILL_KEY', retries=1, backoff=.01, timeout=2, n_per_request=1)
    llm = HttpLLM(f'http://127.0.0.1:{server.port}/v1', 'm', **options)
    path,said = folder/f'{len(list(folder.iterdir()))}.jsonl',''
    question = Question(chat_prompt('What is it?'), (0,))
    server.bytes,began = FAULTS[name],time.monotonic()
    with own_warnings() as warned:
        try: outcome = 'answer' if Asker(llm, Journal(path), attempts=1)([question])[0] else 'no answer'
        except TextclipError as e: outcome,said = 'sentence',str(e)
        except Exception as e: outcome,said = f'raw {type(e).__name__}',str(e)[:200]
    seconds = time.monotonic()-began
    server.bytes = reply(answer())
    good = Asker(llm, Journal(path), attempts=1)([Question(chat_prompt('And this?'), (0,))])
    kept = path.read_text() if path.exists() else ''
    leaked = KEY[8:20] in kept + said + ''.join(str(o.message) for o in warned)
    told = outcome in ('answer', 'sentence') and seconds<30
    went_on = len(good[0])==1 and 'And this?' in kept
    return dict(what=name, outcome=outcome, said=said.replace(str(server.port), 'PORT')[:160], key_leaked=leaked,
        held=told and went_on and not leaked)

if __name__=='__main__':
    server = Server()
    server.start()
    with tempfile.TemporaryDirectory() as d: rows = [drill(k, server, Path(d)) for k in FAULTS]
    _record.save('server_faults', rows)
