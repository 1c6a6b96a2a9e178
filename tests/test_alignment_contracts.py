"""What every function of noise, distances, transport, places and losses promises: one grid over all of them

A function gives finite numbers, or one TextclipError that says what to do; it changes neither its inputs nor the global
random numbers; in 16 bits it gives what it gives in full precision. Those that run inside training steps look at no
value, which would make each step wait for the device: what is not a number stays visible in what they return.
"""
import pytest, torch
from torch.nn.functional import normalize
from textclip.core.basics import TextclipError, make_generator
from textclip.types.features import Features
from textclip.alignment import (
    SignatureSums, aggregate_places, asymmetric_loss, class_signatures, contrastive_loss, distillation_loss, fit_psi,
    knowledge_guided_loss, known_text_alignments, label_probabilities, noisy_cross_entropy, pairwise_kl, ranking_loss,
    sinkhorn, text_alignment_loss, transport_similarity, two_branch_scores, uniform_masses)
from textclip.alignment.distances import class_counts
from textclip.alignment.losses import pad_by_class
from textclip.alignment.places import aggregations
from textclip.synthesis import gaussian_noise, known_perturbations, mean_shift, noise_factor, perturb

W = normalize(torch.randn(3, 8, generator=make_generator(0, 'weights')), dim=-1)

def rows(n=6, dtype=torch.float32, dim=8):
    "(n,dim) unit rows"
    return normalize(torch.randn(n, dim, generator=make_generator(n, 'rows')), dim=-1).to(dtype)

def classes(x): return torch.arange(len(x))%3
def marks(x): return torch.arange(x.numel()).reshape(x.shape)%3-1         # present, absent and unknown
def other(x): return 2*x.flip(0)           # exact in any precision
def draws(): return make_generator(1, 'noise')
def scores_of_class_sums(x):
    s = class_signatures(x, W)
    counts,factor = class_counts(classes(x), 3, 'mean')
    return SignatureSums.of(s, classes(x), factor).scores(s, fit_psi(x, x, W))

# what is computed from the values alone, in full precision
EXACT = dict(
    class_signatures=lambda x: class_signatures(x, W),
    pairwise_kl=lambda x: pairwise_kl(x, other(x)),
    fit_psi=lambda x: torch.tensor(list(fit_psi(x, other(x), W).to_dict().values())),
    signature_sums=scores_of_class_sums,
    sinkhorn=lambda x: sinkhorn(x.abs()).plan,
    transport=lambda x: transport_similarity(x[None]),
    transport_uniform=lambda x: transport_similarity(x[None], uniform=True),
    transport_masses=lambda x: transport_similarity(x, b=uniform_masses(torch.arange(8)<4), uniform=True),
    two_branches=lambda x: two_branch_scores(Features(x, local=x[:,None].repeat(1, 2, 1)), lambda o: o@W.T),
    distillation=lambda x: distillation_loss(x, other(x), 2.),
    knowledge=lambda x: knowledge_guided_loss(x, other(x)),
    contrastive=lambda x: contrastive_loss(x, other(x), 10., classes(x)),
    ranking=lambda x: ranking_loss(x, marks(x)),
    asymmetric=lambda x: asymmetric_loss(x, marks(x)),
    clean_cross_entropy=lambda x: noisy_cross_entropy(x, classes(x), W, 0., draws()),
    **{f'alignment_{k}': lambda x, k=k: text_alignment_loss(x[:,None], other(x)[:,None], form=k)
       for k in known_text_alignments})
# what stays in the precision that it gets, or draws numbers in it
LOOSE = dict(
    gaussian_noise=lambda x: gaussian_noise(x, .1, draws()),
    **{f'perturb_{k}': lambda x, k=k: perturb(x, k, .1, draws(), noise_factor(x), shift=mean_shift(x, other(x)),
                                              renormalise=True) for k in known_perturbations},
    noise_factor=noise_factor,
    mean_shift=lambda x: mean_shift(x, other(x)),
    cross_entropy=lambda x: noisy_cross_entropy(x, classes(x), W, .1, draws()),
    **{f'places_{k}': lambda x, k=k: aggregate_places(x[None], k) for k in aggregations},
    masked_places=lambda x: aggregate_places(x[None], mask=torch.ones(1, len(x), dtype=torch.bool)),
    probabilities=lambda x: label_probabilities(x, dict(threshold=.5)),
    padded=lambda x: pad_by_class(x, classes(x), min(3, len(x)))[0])
ALL = EXACT | LOOSE
# in training steps: what is not a number is seen in the result. All others say so in an error
STEPS = {'gaussian_noise','distillation','knowledge','contrastive','ranking','asymmetric','clean_cross_entropy',
         'cross_entropy','alignment_mean','alignment_ce','transport_uniform','transport_masses',
         'probabilities','padded','masked_places', *(f'places_{k}' for k in aggregations)}

def result(function, *args):
    "What a function gives, or its error"
    try: return function(*args)
    except TextclipError as e: return e

@pytest.mark.parametrize('name', ALL)
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_any_precision(name, dtype):
    x = rows(dtype=dtype)
    out = ALL[name](x)
    assert out.isfinite().all()
    if name in EXACT:
        double = dtype==torch.float64 and name not in ('two_branches','fit_psi')
        assert out.dtype==(torch.float64 if double else torch.float32)
        assert torch.allclose(out.double(), ALL[name](x.float()).double(), atol=1e-4, rtol=1e-4)

@pytest.mark.parametrize('name', ALL)
def test_inputs_and_global_random_numbers_stay(name):
    x,state = rows(),torch.get_rng_state()
    before = x.clone()
    ALL[name](x)
    assert torch.equal(x, before) and torch.equal(torch.get_rng_state(), state)

@pytest.mark.parametrize('name', ALL)
@pytest.mark.parametrize('n', [0, 1])
def test_no_row_and_one_row(name, n):
    out = result(ALL[name], rows(n))
    if not isinstance(out, TextclipError): assert out.isfinite().all()

@pytest.mark.parametrize('name', ALL)
def test_what_is_not_a_number_is_never_hidden(name):
    x = rows()
    x[2,3] = torch.nan
    out = result(ALL[name], x)
    if name in STEPS: assert isinstance(out, torch.Tensor) and out.isnan().any()
    else: assert isinstance(out, TextclipError) and 'finite' in str(out)

X,Y = rows(),classes(rows())
WRONG = dict(
    noise=lambda: gaussian_noise(X[0], .1, draws()),
    whole_numbers=lambda: gaussian_noise(X.long(), .1, draws()),
    noise_std=lambda: gaussian_noise(X, float('nan'), draws()),
    shift=lambda: perturb(X, None, 0., draws(), shift=X[0,:3]),
    factor=lambda: perturb(X, 'covariance', .1, draws(), X[:,:3]),
    mean_shift=lambda: mean_shift(X, X[:,:3]),
    signatures=lambda: class_signatures(X[:,:3], W),
    temperature=lambda: class_signatures(X, W, float('nan')),
    kl=lambda: pairwise_kl(X, X[:,:3]),
    kl_row=lambda: pairwise_kl(X[0], X),
    psi=lambda: fit_psi(X[:,:3], X, W),
    sums=lambda: SignatureSums.of(X, Y[:2], torch.ones(8)),
    class_numbers=lambda: class_counts(Y, 2),
    cost=lambda: sinkhorn(X[0]),
    masses=lambda: sinkhorn(X, a=torch.ones(3)/3),
    similarity=lambda: transport_similarity(X[0]),
    uniform=lambda: transport_similarity(X[0], uniform=True),
    places=lambda: aggregate_places(X),
    place_mask=lambda: aggregate_places(X[None], mask=torch.ones(1, 2).bool()),
    no_places=lambda: two_branch_scores(Features(X), lambda o: o),
    thresholds=lambda: label_probabilities(X, dict(threshold=[0.]*3)),
    cross_entropy=lambda: noisy_cross_entropy(X[:,:3], Y, W, .1, draws()),
    labels=lambda: noisy_cross_entropy(X, Y[:2], W, .1, draws()),
    student=lambda: distillation_loss(X, X[:,:3]),
    weights=lambda: knowledge_guided_loss(X, X[:3]),
    pairs=lambda: contrastive_loss(X, X[:3]),
    pair_classes=lambda: contrastive_loss(X, X, y=Y[:2]),
    ranking=lambda: ranking_loss(X, marks(X)[:,:3]),
    asymmetric=lambda: asymmetric_loss(X, marks(X)[:2]),
    texts=lambda: text_alignment_loss(X[:,None], X[:3,None]),
    text_mask=lambda: text_alignment_loss(X[:,None], X[:,None], torch.ones(6, 2)),
    padding=lambda: pad_by_class(X, Y[:2], 2))

@pytest.mark.parametrize('name', WRONG)
def test_what_does_not_fit_is_said(name):
    with pytest.raises(TextclipError): WRONG[name]()
