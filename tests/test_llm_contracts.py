"""What every language model must keep: one grid over a function, a server, batch files and a model in this process

All four get their words from one `World`: a function of prompt and seed that says what the model writes and how it ends.
What lies between (JSON, tokens, files, threads) is each back-end's own.
"""
import json, threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import pytest
from textclip.core.basics import TextclipError, digest, own_warnings, whole_letters
from textclip.core.journal import Journal
from textclip.sampling.answer_checks import answer_problem
from textclip.sampling.answer_text import said
from textclip.sampling.asking import Asker, Budget
from textclip.sampling.llms.batch import BatchLLM
from textclip.sampling.llms.load import FunctionLLM, load_llm
from textclip.sampling.llms.protocol import LLM, Answer, Question, SamplingParameters, chat_prompt, prompt_text
from textclip.sampling.llms.server import HttpLLM
from textclip.sampling.sample import sample_with_report, sampling_plan
from textclip.sampling.texts import texts_by_class
from textclip.testing.encoders import tiny_llm
from textclip.types.task import Task

SECRET, VARIABLE = 'fake-key-0123456789', 'TEXTCLIP_CONTRACT_KEY'
KINDS = ('function', 'server', 'batch', 'local')
PARAMETERS = SamplingParameters(max_tokens=40, temperature=.5, top_p=.9, top_k=7, stop=('.',))

class World:
    "What the model writes, and what it was asked"
    def __init__(self): self.seen, self.write = [], lambda prompt, seed: (f'seen {prompt[-12:]} with {seed}', 'stop')

    def say(self, prompt, seed, **parameters):
        self.seen.append(dict(prompt=prompt, seed=seed, **parameters))
        return self.write(prompt, seed)

    def say_as_json(self, body):
        "The response of a server to a request; it repeats the key, as a careless one might"
        prompt = prompt_text([(m['role'], m['content']) for m in body['messages']])
        length = body.get('max_tokens') or body.get('max_completion_tokens')
        drawn = {k: body.get(k) for k in ('temperature', 'top_p', 'top_k', 'stop')}
        text, reason = self.say(prompt, body['seed'], max_tokens=length, **drawn)
        choice = dict(message=dict(content=text), finish_reason=reason)
        return dict(model=f'm {SECRET}', choices=[choice])

# ---- four back-ends of one world ----

@contextmanager
def function_model(world, folder):
    def model(prompt, seed, parameters):
        drawn = parameters.to_dict()
        return world.say(prompt, seed, **drawn)[0]
    yield FunctionLLM(model, version=1)

@contextmanager
def server_model(world, folder):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args): pass
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers['content-length'])))
            data = json.dumps(world.say_as_json(body)).encode()
            self.send_response(200)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            self.wfile.write(data)
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=.02), daemon=True).start()
    try: yield HttpLLM(f'http://127.0.0.1:{server.server_port}/v1', 'm', key_from=VARIABLE, n_per_request=1)
    finally:
        server.shutdown()
        server.server_close()

@contextmanager
def batch_model(world, folder):
    class Answered(BatchLLM):
        "Whatever is asked is written elsewhere at once"
        def answer(self, prompts, seeds, parameters=SamplingParameters()):
            try: found = list(super().answer(prompts, seeds, parameters))
            except TextclipError:
                for path in self.requests(): self.process(path)
                found = list(super().answer(prompts, seeds, parameters))
            yield from found
        def process(self, path):
            results = self.results/path.name
            if results.exists(): return
            asked = [json.loads(line) for line in path.read_text(encoding='utf-8').split('\n') if line]
            responses = [dict(status_code=200, body=world.say_as_json(r['body'])) for r in asked]
            for r in responses: r['body']['model'] = 'm'           # results put there by hand are not masked
            lines = [json.dumps(dict(custom_id=a['custom_id'], response=r)) for a, r in zip(asked, responses)]
            results.write_text('\n'.join(lines), encoding='utf-8')
    yield Answered(folder/'batch', 'm')

@pytest.fixture(scope='module')
def saved_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tiny')
    tiny_llm(folder)
    return folder

@contextmanager
def local_model(world, folder, saved=None):
    llm = load_llm(f'hf:{saved}')
    def write(rows, seeds, parameters):
        answers = []
        ends, long = llm._ends(parameters.stop)
        for row, seed in zip(rows, seeds):
            prompt = llm.tokenizer.decode(row).removesuffix('\n[assistant]').replace('[user] ', '')
            text, reason = world.say(prompt, seed, **parameters.to_dict())
            tokens = llm.tokenizer(whole_letters(text)).input_ids + [llm.tokenizer.eos_token_id]*(reason=='stop')
            answers.append(llm._answer_of(tokens, set(ends), parameters.stop, len(row)))
        return answers
    llm._write = write
    yield llm

@pytest.fixture(params=KINDS)
def kind(request): return request.param

@pytest.fixture
def world(): return World()

@pytest.fixture
def llm(kind, world, tmp_path, monkeypatch, request):
    monkeypatch.setenv(VARIABLE, SECRET)
    makers = dict(function=function_model, server=server_model, batch=batch_model)
    if kind=='local': made = local_model(world, tmp_path, request.getfixturevalue('saved_model'))
    else: made = makers[kind](world, tmp_path)
    with made as model: yield model

def ask(llm, prompts, seeds, parameters=PARAMETERS): return dict(llm.answer(prompts, seeds, parameters))

# ---- the contracts ----

def test_it_is_a_language_model(llm, tmp_path):
    assert isinstance(llm, LLM) and load_llm(llm) is llm
    assert llm.name and llm.fingerprint and isinstance(llm.instructed, bool) and isinstance(llm.exact_tokens, bool)
    assert str(tmp_path) not in llm.name + llm.fingerprint
    for prompt in ('a cat is', chat_prompt('What is a cat?', 'One word.')):
        assert type(llm.count_tokens(prompt)) is int and llm.count_tokens(prompt)>0

def test_nothing_asked_nothing_answered(llm, world):
    assert ask(llm, [], []) == {} and world.seen == []

def test_each_answer_belongs_to_its_question(llm):
    prompts = [chat_prompt(f'What is thing {i}?', 'Be brief') for i in (3, 1, 2, 1)] + ['thing 9 is']
    found = ask(llm, prompts, [5, 6, 7, 8, 9])
    assert sorted(found) == [0, 1, 2, 3, 4]
    for i, (prompt, seed) in enumerate(zip(prompts, (5, 6, 7, 8, 9))):
        assert isinstance(found[i], Answer)
        assert found[i].text == f'seen {prompt_text(prompt)[-12:]} with {seed}'

def test_answers_do_not_depend_on_neighbours(llm):
    prompts = [chat_prompt(f'What is thing {i}?') for i in range(5)]
    together = ask(llm, prompts, range(5))
    backwards = ask(llm, prompts[::-1], range(4, -1, -1))
    assert [together[i].text for i in range(5)] == [backwards[4-i].text for i in range(5)]

def test_parameters_arrive(llm, world):
    ask(llm, [chat_prompt('What is it?')], [4])
    seen, = world.seen
    assert (seen['seed'], seen['max_tokens'], seen['temperature']) == (4, 40, .5)
    assert (seen['top_p'], seen['top_k'], list(seen['stop'])) == (.9, 7, ['.'])

def test_a_string_that_ends_an_answer_is_no_part_of_it(llm, world):
    world.write = lambda prompt, seed: ('A tube of glass. It has a tap', 'length')
    answer = ask(llm, ['a burette:'], [0])[0]
    assert (answer.text, answer.reason) == ('A tube of glass', 'stop')

@pytest.mark.parametrize('text', ['', '  \n'])
def test_empty_answers(llm, world, text):
    world.write = lambda prompt, seed: (text, 'stop')
    answer = ask(llm, ['a burette:'], [0])[0]
    assert answer_problem(answer.text, answer.reason) == 'empty'

def test_cut_answers(llm, world):
    world.write = lambda prompt, seed: ('A burette is a long, narrow tube of', 'length')
    answer = ask(llm, ['a burette:'], [0])[0]
    assert answer.reason == 'length' and answer_problem(answer.text, answer.reason) == 'cut'

def test_thoughts_are_told_from_words(llm, world, kind):
    if kind=='local': llm.tokenizer.chat_template += '{# <think> #}'       # a model that may think aloud
    world.write = lambda prompt, seed: ('<think>Hm. A tube. Or not</think>A tube of glass. It', 'length')
    answer = ask(llm, [chat_prompt('What is a burette?')], [0])[0]
    assert said(answer.text).text.strip() == 'A tube of glass' and answer.finished
    assert answer_problem(answer.text, answer.reason) is None
    world.write = lambda prompt, seed: ('<think>Hm. A tube. Or', 'length')
    answer = ask(llm, [chat_prompt('What is a pipette?')], [0])[0]
    assert answer_problem(answer.text, answer.reason) == 'only thoughts'

def test_refusals(llm, world):
    world.write = lambda prompt, seed: ("I'm sorry, but I cannot see images", 'stop')
    answer = ask(llm, [chat_prompt('What is a burette?')], [0])[0]
    assert answer_problem(answer.text, answer.reason) == 'refusal'

@pytest.mark.parametrize('letters', ['é 雪 🦓 א', 'a\u2028b', 'e\u0301 Straße', 'half \ud83d'])
def test_letters_of_all_kinds(llm, world, letters):
    world.write = lambda prompt, seed: (f'{letters} and more', 'stop')
    whole = letters.replace('\ud83d', '\ufffd')
    answer = ask(llm, [chat_prompt(f'What is {letters}?')], [0])[0]
    assert answer.text == f'{whole} and more'
    assert whole in world.seen[0]['prompt']

# ---- with the journal and the sampler ----

QUESTIONS = [Question(chat_prompt(f'What is thing {i}?'), (i,)) for i in range(3)]

def test_keys_of_answers_are_stable(llm, tmp_path):
    asker = Asker(llm, Journal(tmp_path/'a.jsonl'), seed=2)
    chat = [['system', 'Be brief'], ['user', 'What?']]
    key = digest(llm.fingerprint, chat, PARAMETERS.to_dict(), 2, 1, 0)
    assert asker.key(chat_prompt('What?', 'Be brief'), PARAMETERS, 1) == key
    llm.fingerprint = 'fixed'                                      # recorded answers are found under such keys for ever
    assert asker.key(chat_prompt('What?', 'Be brief'), PARAMETERS, 1) == KEY_OF_FIXED

KEY_OF_FIXED = 'd48249f06dd5361e3dc15ad0c5c25f9a'

def test_answers_are_asked_once(llm, world, tmp_path):
    first = Asker(llm, Journal(tmp_path/'a.jsonl'))(QUESTIONS, 2, PARAMETERS)
    asked = len(world.seen)
    again = Asker(llm, Journal(tmp_path/'a.jsonl'))
    assert again(QUESTIONS, 2, PARAMETERS) == first and len(world.seen) == asked == 6
    assert (again.reused, again.spent.answers) == (6, 0)
    assert all(len(found)==2 and found[0].text!=found[1].text for found in first)      # two samples, two seeds

def test_an_answer_of_no_use_is_asked_for_again(llm, world, tmp_path):
    def at_second(prompt, seed):
        before = sum(o['prompt']==prompt for o in world.seen)
        return ("I'm sorry, I cannot help" if before==1 else f'{prompt[-14:-1]} has legs', 'stop')
    world.write = at_second
    task = Task('things', ['first thing', 'second thing'])
    texts, report = sample_with_report(task, llm, 'cupl', n=1, journal=tmp_path/'a.jsonl')
    assert report.problems == {'refusal': report.questions} and report.unusable == 0
    assert all('legs' in t for found in texts_by_class(texts, task).values() for t in found)

def test_plans_ask_nothing_and_budgets_hold(llm, world, tmp_path):
    task = Task('things', ['first thing', 'second thing'])
    plan = sampling_plan(task, llm, 'cupl', n=1, journal=tmp_path/'a.jsonl')
    assert plan.answers == 10 and plan.prompt_tokens>0 and world.seen == []
    with own_warnings() as told:
        _, report = sample_with_report(task, llm, 'cupl', n=1, budget=Budget(answers=4), attempts=1, journal=tmp_path/'a.jsonl')
    assert any('The budget is spent: 6 answers' in str(w.message) for w in told)
    assert report.spent.answers == 4 == len(world.seen)

def test_no_key_in_any_file(llm, world, tmp_path, kind):
    if kind=='server': world.write = lambda prompt, seed: (f'It has legs and {SECRET} arms', 'stop')
    answers = Asker(llm, Journal(tmp_path/'journal'/'a.jsonl'))(QUESTIONS, 1, PARAMETERS)
    assert all(answers)
    written = [p for p in tmp_path.rglob('*') if p.is_file()]
    assert written
    for path in written: assert SECRET not in path.read_text(encoding='utf-8', errors='replace'), path.name
    assert SECRET not in repr(llm) + str({k: v for k, v in vars(llm).items() if k!='function'})
