"""Pictures in notebooks as PNG with a palette: a third of the bytes, in nbs/ and in docs/, for the same look

`python tools/pictures.py` goes through the outputs saved in all notebooks; tools/run_nbs.py does so with what it has run.
A picture that has a palette stays as it is, so the site holds the bytes of the notebook whatever Pillow is there.
"""
import io
from base64 import b64decode, b64encode
from fastcore.script import call_parse
from execnb.nbio import read_nb, write_nb
from PIL import Image
from files import ROOT, notebooks

FEW = '1','L','P'   # modes of a picture that is light already
DRAWING,PHOTO,DRAWN = 64,256,8000   # colours of the palette; a picture of at most DRAWN colours was drawn

def palette(png):
    "`png` (bytes) with 64 colours where it is drawn and 256 where it is a photograph; as it is where it has a palette"
    picture = Image.open(io.BytesIO(png))
    if picture.mode in FEW: return png
    sheet = Image.new('RGBA', picture.size, 'white')
    sheet.alpha_composite(picture.convert('RGBA'))
    flat = sheet.convert('RGB')
    colours = DRAWING if flat.getcolors(DRAWN) else PHOTO
    flat = flat.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    flat.save(out, 'PNG', optimize=True)
    return out.getvalue()

def joined(value):
    "A notebook's text, which may stand there as a list of lines"
    return value if isinstance(value, str) else ''.join(value)

def png_outputs(cells):
    "The data of each output in `cells` that holds a PNG picture"
    for cell in cells:
        for out in cell.get('outputs', []):
            if 'image/png' in out.get('data', {}): yield out['data']

def lighten(cells):
    "Give the pictures in the outputs of `cells` a palette; how many changed"
    changed = 0
    for data in png_outputs(cells):
        before = b64decode(joined(data['image/png']))
        after = palette(before)
        if after==before: continue
        data['image/png'] = b64encode(after).decode()
        changed += 1
    return changed

def heavy(cells):
    "How many pictures in the outputs of `cells` have more than a palette's colours"
    pictures = [Image.open(io.BytesIO(b64decode(joined(data['image/png'])))) for data in png_outputs(cells)]
    return sum(o.mode not in FEW for o in pictures)

@call_parse
def main():
    "Give the pictures of all notebooks a palette"
    for path in notebooks():
        book = read_nb(path)
        if n := lighten(book.cells):
            write_nb(book, path)
            print(f'{path.relative_to(ROOT)}: {n}')
