"The site's search: questions a user asks find the page that answers them, nonsense finds nothing, the index stays small"
import json
import pytest
from files import cfg
from search import MOST, SHOWN, coded, decoded, find, index, stem, words

@pytest.fixture(scope='module')
def made():
    "The index of the committed site"
    if not (cfg.doc_path/'search.json').exists(): pytest.skip('docs/ is not built yet: run `make docs`')
    return json.loads((cfg.doc_path/'search.json').read_text(encoding='utf-8'))

QUESTIONS = {   # what a user asks -> the page that must be among the first three
    'use a GPU': '4_training/processes.html', 'batch file for the OpenAI API': '1_sampling/llms/batch.html',
    'what does an LLM call cost': 'tutorials/your_llm.html', 'read a CSV of images': 'data/tables.html',
    'CIFAR': 'data/catalogue/folder_layouts.html', 'mean average precision': '5_evaluation/multilabel.html',
    'calibration error': '5_evaluation/calibration.html', 'confidence interval': '5_evaluation/single_label.html',
    'significance test': '5_evaluation/statistics.html', 'how do I learn prompts': '4_training/prompt_learner.html',
    'Tip-Adapter': 'methods/tip_adapter.html', 'zero-shot templates': 'methods/zeroshot.html',
    'add my own encoder': 'tutorials/your_encoder.html', 'add my own language model': 'tutorials/your_llm.html',
    'retrieve images from a pool': '2_synthesis/retrieval.html', 'generate images with diffusion': '2_synthesis/image_generation.html',
    'optimal transport': '3_alignment/optimal_transport.html', 'save and load a classifier': 'tutorials/names_to_classifier.html',
    'several GPUs': '4_training/processes.html', 'hugging face dataset': 'data/hub_datasets.html',
    'multi-label': 'studies/multilabel.html', 'near duplicates in texts': '1_sampling/text_filters.html',
    'how do I contribute': 'contributing.html', 'published numbers': 'benchmark/published.html',
    'load_task': 'data/load.html', 'sample_texts': '1_sampling/sample.html', 'install': 'index.html',
    'sort photos into folders': 'answers.html', 'contact sheet': 'answers.html', 'answers as CSV': 'answers.html',
    'duplicates in my photos': 'data/check_images.html', 'images that cannot be read': 'data/check_images.html',
    'which method should I choose': 'tutorials/which_method.html',
    'HEIC': 'data/images.html', 'phone photos turned': 'pipeline.html'}

@pytest.mark.parametrize('question', QUESTIONS)
def test_question_finds_its_page(made, question):
    pages = list(dict.fromkeys(address.split('#')[0] for address,_ in find(made, question)))
    assert QUESTIONS[question] in pages[:3], pages[:5]

@pytest.mark.parametrize('nonsense', ['xqzzt', 'flibbertigibbet wombat', 'asdf qwer', 'sourdough ziggurat', 'import antigravity', 'the of and qqq'])
def test_nonsense_finds_nothing(made, nonsense): assert not find(made, nonsense)

def test_index_is_small(made): assert (cfg.doc_path/'search.json').stat().st_size < MOST

SECTIONS = [dict(href='a.html', title='Losses', section='', text='What pulls texts together'),
            dict(href='a.html#ranking', title='Losses', section='Ranking', text='Present before absent classes. ' + 'filler '*400 + 'needle'),
            dict(href='b.html#ranking_loss', title='Tables', section='ranking_loss', text='A loss'),
            dict(href='b.html#other', title='Tables', section='Other', text='It is like ranking a loss')]

@pytest.fixture
def small(): return json.loads(index(SECTIONS, {'b.html': 'Rows beside each other'}))

def test_whole_sections_are_searched(small): assert find(small, 'needle')==[('a.html#ranking', 'Ranking')]

def test_titles_and_headings_come_first(small):
    assert find(small, 'losses')[0][0]=='a.html'
    assert find(small, 'ranking_loss')[0][0]=='b.html#ranking_loss'

def test_quote_is_found(small): assert find(small, 'beside rows')==[('b.html', '')]

def test_half_a_word_is_found_while_it_is_typed(small): assert find(small, 'need')==[('a.html#ranking', 'Ranking')]

def test_title_with_two_words_of_the_question_answers_it():
    sections = [dict(href='c.html', title='Which way for me?', section='', text='It depends'),
                dict(href='c.html#part', title='Which way for me?', section='Part', text='It depends'),
                dict(href='d.html', title='Ways', section='', text='One should choose a way')]
    assert find(json.loads(index(sections)), 'which way should I choose')[0]==('c.html', '')

def test_most_words_must_be_there(small): assert not find(small, 'needle zebra giraffe')

def test_no_page_fills_the_list():
    many = [dict(href=f'a.html#s{i}', title='Many', section=f'Part {i}', text='same words') for i in range(30)]
    found = find(json.loads(index(many)), 'same words')
    assert len(found)==3 and len(found)<=SHOWN

@pytest.mark.parametrize('numbers', [[0], [3, 5, 40], [0, 1, 1300, 70000]])
def test_codes(numbers): assert decoded(coded(numbers))==numbers

def test_words(): assert words('Choosing few-shot `load_tasks`: losses')==['choos', 'few', 'shot', 'load', 'task', 'loss']

@pytest.mark.parametrize('pair', [('choose', 'choosing'), ('class', 'classes'), ('query', 'queries'), ('cached', 'cache'), ('prompt', 'prompts')])
def test_stems(pair): assert stem(pair[0])==stem(pair[1])
