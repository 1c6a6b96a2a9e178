"""What every encoder promises, tried on the stand-ins, on the real classes around tiny random models and on an encoder of a user's own

A check is a function of one encoder; the grid is checks x encoders (`lite` is checked on the page that loads it). What an encoder does not have (places, tokens) it must say in one `TextclipError`.
Models of a hub lie in a cache of our own making, which another process reads as it would read one that was downloaded.
"""
import copy, functools, json, os, random, subprocess, sys, tempfile
from pathlib import Path
import numpy as np, pytest, torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch.nn.functional import normalize
from textclip.core.basics import Store, TextclipError, own_warnings
from textclip.types.classifier import LinearClassifier
from textclip.data.images import ImageSplit
from textclip.encoders.load import check_encoder, load_encoder
from textclip.encoders.open_clip_encoder import OpenClipEncoder
from textclip.encoders.protocol import Encoder, encode_text_tokens, storage_key
from textclip.features.extract import image_features, text_features, token_features
from textclip.pipeline import load_pipeline
from textclip.testing.encoders import CharacterEncoder, ColourEncoder, tiny_open_clip, tiny_transformers

TEXTS = ['a photo of a cat.', 'rain', 'two dogs and a red ball on the lawn.', 'rain', 'Ein Bär, 熊', '']
RESNET = dict(layers=[1,1,1,1], width=16, patch_size=None, head_width=64)
FULL = dict(context_length=16, no_causal_mask=True, pool_type='last', proj_bias=True, pad_id=1)   # as SigLIP's text towers
FOLDERS = Path(tempfile.mkdtemp(prefix='textclip-contracts-'))

class Own(Encoder):
    "The least that a user can write"
    fingerprint = 'own-1'
    def __init__(self): super().__init__('own', 3)
    def preprocess(self, image): return torch.tensor(np.asarray(image.convert('RGB').resize((2,2))), dtype=torch.float32).mean((0,1))/255
    def encode_image_batch(self, x): return x + .1
    def encode_text_batch(self, texts): return torch.tensor([[len(t), t.count(' '), 1.] for t in texts])

class Characters(CharacterEncoder):
    "Characters, with images, so that it is a whole encoder; other characters than its table has count as one"
    context_length = 48
    def word_ids(self, text): return [min(ord(c), 127) for c in text]
    def preprocess(self, image): return torch.tensor(image.convert('RGB').resize((1,1)).getpixel((0,0)))/255
    def encode_image_batch(self, x): return torch.cat([x, torch.ones(len(x), 1)], 1)

MAKE = dict(
    colour=ColourEncoder, characters=Characters, own=Own, vit=tiny_open_clip, resnet=lambda: tiny_open_clip(RESNET),
    full=lambda: tiny_open_clip(text=dict(FULL)),
    clip=lambda: tiny_transformers('clip', FOLDERS/'clip'), siglip=lambda: tiny_transformers('siglip', FOLDERS/'siglip'))
PLACES = {'vit','resnet','full','clip','siglip'}
TOKENS = {'vit','resnet','clip'}
LOADED = {'clip','siglip'}                    # saved in a folder, which is their name
every = pytest.mark.parametrize('name', MAKE)

@functools.cache
def tower(name): return MAKE[name]()

@functools.cache
def pictures():
    "Five pictures in several modes and shapes, as files too"
    rng = np.random.default_rng(0)
    noise = [Image.fromarray(rng.integers(0, 255, (h,w,3)).astype('uint8')) for h,w in ((64,64), (30,90), (200,50))]
    found = [*noise, Image.new('L', (20,20), 90), noise[0].convert('P')]
    for i,o in enumerate(found): o.save(FOLDERS/f'{i}.png')
    return found

def split(): return ImageSplit([FOLDERS/f'{i}.png' for i,_ in enumerate(pictures())])

def close(a, b, eps=1e-5): assert (a-b).abs().max() <= eps*b.abs().max().clamp_min(1e-12), (a-b).abs().max()

def refuses(call, says=''):
    "One `TextclipError` of one line, and no other exception"
    with pytest.raises(TextclipError) as e: call()
    assert says in str(e.value) and '\n' not in str(e.value) and len(str(e.value))<600

@every
def test_all_claims_of_check_encoder(name):
    bad = [o for o in check_encoder(tower(name)) if not o.ok]
    assert not bad

@every
def test_the_batch_and_the_order_change_nothing(name):
    t = tower(name)
    x,w = t.encode_image(pictures()),t.encode_text(TEXTS)
    assert x.shape==(5, t.dim) and w.shape==(6, t.dim) and torch.equal(w[1], w[3])
    for size in (1, 2, 3):
        other = copy.copy(t)
        other.batch_size = other.text_batch_size = size
        close(other.encode_image(pictures()), x)
        close(other.encode_text(TEXTS), w)
    order = [4,0,3,1,2]
    close(t.encode_image([pictures()[i] for i in order]), x[order])
    close(t.encode_text([TEXTS[i] for i in order]), w[order])
    close(t.encode_image(pictures()[1:2]), x[1:2])
    close(t.encode_text(TEXTS[2:3]), w[2:3])

@every
def test_rows_are_plain_tensors(name):
    t = tower(name)
    for x in (t.encode_text(TEXTS), t.encode_image(pictures())):
        assert x.dtype==torch.float32 and x.device.type=='cpu' and not x.requires_grad and not x.is_inference() and x.isfinite().all()

@every
def test_empty_input(name):
    t = tower(name)
    assert t.encode_text([]).shape==(0, t.dim) and t.encode_image([]).shape==(0, t.dim)
    assert [tuple(o.shape[:1]) for o in t.encode_image([], local=True, pre=True)]==[(0,)]*3
    assert text_features([], t, store=Store(FOLDERS/'store')).x.shape==(0, t.dim)
    refuses(lambda: image_features(ImageSplit([]), t, store=Store(FOLDERS/'store')), 'no images')

@every
def test_long_texts_are_cut_and_said(name):
    t = tower(name)
    if t.context_length is None: pytest.skip('reads texts of any length')
    long = ['word '*400+end for end in ('a', 'b')]
    with own_warnings() as said: x = t.encode_text([*long, 'short'])
    assert x.isfinite().all() and torch.allclose(x[0], x[1]) and not torch.allclose(x[0], x[2])
    assert [f'{t.context_length} tokens' in str(o.message) for o in said]==[True]
    assert t.tokens(long[:1]).shape==(1, t.context_length)

@every
def test_places_and_what_lies_before_the_projection(name):
    t = tower(name)
    if name not in PLACES: return refuses(lambda: t.encode_image(pictures(), local=True), 'has no local features')
    x,local,pre = t.encode_image(pictures(), local=True, pre=True)
    assert local.shape[::2]==(5, t.dim) and len(pre)==5 and local.isfinite().all() and pre.isfinite().all()
    close(t.encode_image(pictures()), x)
    close(t.encode_image(pictures(), local=True)[1], local)

@every
def test_tokens(name):
    t = tower(name)
    if name not in TOKENS: return refuses(lambda: encode_text_tokens(TEXTS, t), 'features of single tokens')
    x,local = encode_text_tokens(TEXTS, t)
    close(x, t.encode_text(TEXTS))
    alone = [encode_text_tokens([o], t)[1][0] for o in TEXTS]
    for row,o in zip(local, alone):
        close(row[:len(o)], o)
        assert not row[len(o):].any()                                         # zeros at padding
    kept = token_features(TEXTS, t, store=Store(FOLDERS/'store'), dtype=torch.float32)
    close(kept.local, local)

@every
def test_inputs_and_random_state_are_untouched(name):
    texts,images = list(TEXTS),[o.copy() for o in pictures()]
    before = torch.get_rng_state(),np.random.get_state()[1].copy(),random.getstate()
    made = MAKE[name]()                                                       # draws random weights, elsewhere
    made.encode_text(texts)
    made.encode_image(images)
    assert made.fingerprint==tower(name).fingerprint
    assert texts==TEXTS and [o.tobytes() for o in images]==[o.tobytes() for o in pictures()]
    assert torch.equal(torch.get_rng_state(), before[0]) and (np.random.get_state()[1]==before[1]).all()
    assert random.getstate()==before[2]

@every
def test_use_changes_neither_fingerprint_nor_features(name):
    t = tower(name)
    fingerprint,weights = t.fingerprint,t.encode_text(TEXTS)
    t.encode_image(pictures())
    assert t.fingerprint==fingerprint and torch.equal(t.encode_text(TEXTS), weights)
    assert storage_key(t)==storage_key(t) and fingerprint in storage_key(t)

@every
def test_what_is_no_text_is_one_error(name):
    for wrong in ('a cat', b'a cat', None, 5, [1], [None], ['a', b'b'], {'a': 1}, ['\ud83d cat']):
        refuses(lambda: tower(name).encode_text(wrong))
        refuses(lambda: text_features(wrong, tower(name), store=Store(FOLDERS/'store')))

@every
def test_what_is_no_image_is_one_error(name):
    for wrong in ('a.png', Path('a.png'), b'png', None, 5, [None], ['a.png'], [np.zeros((4,4,3))], Image.new('RGB', (4,4))):
        refuses(lambda: tower(name).encode_image(wrong), 'PIL images')

@every
def test_arguments_in_another_order_are_one_error(name):
    refuses(lambda: text_features(tower(name), TEXTS), 'text_features(texts, encoder)')
    refuses(lambda: image_features(tower(name), split()), 'image_features(split, encoder)')
    refuses(lambda: image_features([FOLDERS/'0.png'], tower(name)), 'Give an ImageSplit')
    refuses(lambda: text_features(TEXTS, name), 'is the name of an encoder')

# --- precision

def in_half(name, kind):
    "The same encoder in half precision"
    dtype = getattr(torch, kind)
    if name in LOADED: return load_encoder(f'hf:{FOLDERS}/{name}', dtype=kind)
    t = {'vit': tiny_open_clip, 'resnet': MAKE['resnet'], 'full': MAKE['full']}[name]()
    return OpenClipEncoder(t.name, t.model, t.preprocess, t.tokenizer, dtype=dtype)

@pytest.mark.parametrize('name,kind', [('vit','bfloat16'), ('resnet','bfloat16'), ('clip','bfloat16'), ('siglip','float16'), ('full','float16')])
def test_half_precision_is_the_same_encoder_with_features_of_its_own(name, kind):
    t = tower(name)
    pictures()
    half,store = in_half(name, kind),Store(FOLDERS/f'store {name} {kind}')
    assert half.fingerprint==t.fingerprint and storage_key(half)!=storage_key(t)
    for ours,theirs in ((half.encode_text(TEXTS), t.encode_text(TEXTS)), (half.encode_image(pictures()), t.encode_image(pictures()))):
        assert ours.dtype==torch.float32 and (normalize(ours, dim=-1)*normalize(theirs, dim=-1)).sum(-1).min()>.99
    kept = text_features(TEXTS, t, store=store).x
    assert torch.equal(text_features(TEXTS, half, store=store).x, half.encode_text(TEXTS)) and torch.equal(kept, t.encode_text(TEXTS))
    assert torch.equal(image_features(split(), half, store).x, half.encode_image(pictures()))

# --- the fingerprint hears what changes the features

def with_bias(t):
    "The same model with one number changed"
    state = {k: v.clone() for k,v in t.model.state_dict().items()}
    key = next(k for k in state if k.endswith('bias'))
    state[key].view(-1)[0] += .01
    t.model.load_state_dict(state)
    return OpenClipEncoder(t.name, t.model, t.preprocess, t.tokenizer)

def darker(t): return OpenClipEncoder(t.name, t.model, lambda image: t.preprocess(image)*.5, t.tokenizer)

OPEN_CLIP = dict(
    plain=tiny_open_clip, weights=lambda: with_bias(tiny_open_clip()), activation=lambda: tiny_open_clip(quick_gelu=True),
    heads=lambda: tiny_open_clip(text=dict(heads=4)), pixels=lambda: darker(tiny_open_clip()),
    context=lambda: tiny_open_clip(text=dict(context_length=20)), tower=lambda: tiny_open_clip(RESNET),
    places=lambda: tiny_open_clip(RESNET).with_image_form(places='attention'),
    positions=lambda: tiny_open_clip(RESNET).with_image_form(positions=False))

def test_another_open_clip_model_has_another_fingerprint():
    found = {k: make().fingerprint for k,make in OPEN_CLIP.items()}
    assert len(set(found.values()))==len(OPEN_CLIP), found

FILES = {'activation': ('config.json', lambda c: c['vision_config'].update(hidden_act='relu')),
         'epsilon': ('config.json', lambda c: c['text_config'].update(layer_norm_eps=1e-2)),
         'mean': ('preprocessor_config.json', lambda c: c.update(image_mean=[.1]*3)),
         'resampling': ('preprocessor_config.json', lambda c: c.update(resample=0)),
         'plain': ('config.json', lambda c: c.update(transformers_version='4.0.0', architectures=['X']))}

@pytest.mark.parametrize('name', ['clip', 'siglip'])
def test_another_transformers_model_has_another_fingerprint(name, tmp_path):
    made = tiny_transformers(name, tmp_path)
    found = {}
    for what,(file,change) in FILES.items():
        path = tmp_path/file
        before = path.read_text(encoding='utf-8')
        settings = json.loads(before)
        change(settings)
        path.write_text(json.dumps(settings), encoding='utf-8')
        found[what] = load_encoder(f'hf:{tmp_path}').fingerprint
        path.write_text(before, encoding='utf-8')
    state = load_file(tmp_path/'model.safetensors')
    key = next(k for k in sorted(state) if k.endswith('bias'))
    save_file(state | {key: state[key]+.01}, tmp_path/'model.safetensors', metadata=dict(format='pt'))
    found['weights'] = load_encoder(f'hf:{tmp_path}').fingerprint
    assert found.pop('plain')==made.fingerprint
    assert len({made.fingerprint, *found.values()})==1+len(found), found

def test_a_form_leaves_the_encoder_it_came_from_alone():
    t = tiny_open_clip(RESNET)
    x,name,key = t.encode_image(pictures()),t.name,t.fingerprint
    other = t.with_image_form(places='attention', positions=False)
    assert not torch.allclose(other.encode_image(pictures()), x) and other.name!=name
    assert (t.name, t.fingerprint)==(name, key) and torch.equal(t.encode_image(pictures()), x)
    assert torch.equal(other.encode_text(TEXTS), t.encode_text(TEXTS))

# --- saved, and loaded by name

def saved_open_clip(folder, cut=()):
    "A tiny open_clip model in its own layout; keys that hold one of `cut` are left out"
    import open_clip
    config = dict(embed_dim=8, vision_cfg=dict(image_size=32, patch_size=16, width=32, layers=1, head_width=16),
                  text_cfg=dict(width=16, heads=2, layers=1))
    Path(folder).mkdir(parents=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = open_clip.CLIP(**config).state_dict()
    save_file({k: v for k,v in state.items() if not any(c in k for c in cut)}, Path(folder)/'open_clip_model.safetensors')
    about = dict(model_cfg=config, preprocess_cfg=dict(mean=[.5]*3, std=[.5]*3))
    (Path(folder)/'open_clip_config.json').write_text(json.dumps(about))

@pytest.mark.parametrize('kind', ['open_clip', 'siglip2'])
def test_a_classifier_finds_its_encoder_by_name(kind, tmp_path):
    if kind=='open_clip': saved_open_clip(tmp_path/'model')
    else: tiny_transformers(kind, tmp_path/'model')
    t = load_encoder(f'{"local-dir" if kind=="open_clip" else "hf"}:{tmp_path}/model')
    weight = normalize(t.encode_text(['red', 'blue']), dim=-1)
    info = dict(classes=['red', 'blue'], method='example', encoder=t.name, fingerprint=t.fingerprint)
    classifier = LinearClassifier(weight, info, logit_scale=t.logit_scale)
    again = load_pipeline(classifier.save(tmp_path/'classifier'))
    assert again.encoder.fingerprint==t.fingerprint and torch.equal(again.encoder.encode_text(TEXTS), t.encode_text(TEXTS))
    pictures()
    assert torch.equal(again.features(split())[0].x, image_features(split(), t, Store(tmp_path/'store')).x)
    weak = LinearClassifier(weight, info | dict(fingerprint='0123456789abcdef'))
    refuses(lambda: load_pipeline(weak.save(tmp_path/'weak')), 'cannot be told')
    other = LinearClassifier(weight, info | dict(fingerprint='v2-0123456789abcdef'))
    refuses(lambda: load_pipeline(other.save(tmp_path/'other')), 'another encoder')

# --- another process, with models of a hub

HUB = """
import json, sys, warnings
warnings.simplefilter('ignore')
from textclip.core.basics import TextclipError
from textclip.encoders.load import load_encoder
from textclip.testing.encoders import tiny_open_clip
def said(name):
    try: return load_encoder(name).fingerprint
    except TextclipError as e: return str(e)
print(json.dumps({name: said(name) for name in sys.argv[1:]} | dict(vit=tiny_open_clip().fingerprint)))
"""

def as_downloaded(cache, repo, fill):
    "A model in the layout of a hub's cache"
    folder = Path(cache)/f'models--{repo.replace("/", "--")}'
    (folder/'refs').mkdir(parents=True)
    (folder/'refs'/'main').write_text('0'*40)
    fill(folder/'snapshots'/('0'*40))

def lacking(folder):
    "A CLIP of transformers whose second layers are not in its weights"
    tiny_transformers('clip', folder)
    state = load_file(folder/'model.safetensors')
    save_file({k: v for k,v in state.items() if 'layers.1.' not in k}, folder/'model.safetensors', metadata=dict(format='pt'))

def test_models_of_a_hub_and_fingerprints_in_another_process(tmp_path):
    cache,kinds = tmp_path/'hub',dict(whole=(), lacking=('resblocks',))
    for word,cut in kinds.items(): as_downloaded(cache, f'me/{word}', functools.partial(saved_open_clip, cut=cut))
    as_downloaded(cache, 'me/clip', lambda o: tiny_transformers('clip', o))
    as_downloaded(cache, 'me/clip-lacking', lacking)
    names = ['hf-hub:me/whole', 'hf-hub:me/lacking', 'hf-hub:me/gone', 'hf:me/clip', 'hf:me/clip-lacking']
    env = os.environ | dict(HF_HUB_CACHE=str(cache), HF_HUB_OFFLINE='1', PYTHONHASHSEED='7')
    done = subprocess.run([sys.executable, '-c', HUB, *names], env=env, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    saved_open_clip(tmp_path/'whole')
    assert found['vit']==tower('vit').fingerprint and found['hf:me/clip']==tower('clip').fingerprint
    assert found['hf-hub:me/whole']==load_encoder(f'local-dir:{tmp_path}/whole').fingerprint
    for name in ('hf-hub:me/lacking', 'hf:me/clip-lacking'): assert 'are missing in the weights, and would be random' in found[name]
    assert 'the hub cannot be reached' in found['hf-hub:me/gone']
