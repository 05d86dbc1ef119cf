"""Pictures of boards: Grafana's own components in a headless Chromium, without a server."""

import io
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from deploy.dashboards import DASHBOARDS, ROOT

RENDERER = Path(__file__).with_name("renderer")
BUILD = ROOT / ".im-relay/boards"
"""What is fetched and built, and what scenes have recorded: kept for the next time, and no part of the repository."""
WIDTH, LINE, MARGIN = 24 * 75 + 16, 36, 16
"""As in `renderer/board.jsx`."""
SETTLED = 15_000
"""Milliseconds of the page's own time until all panels are drawn."""
COLORS = 256


def build() -> Path:
    """Fetch the components (the first time) and bundle them; the directory."""
    for program in ("npm", "node", "chromium"):
        if shutil.which(program) is None:
            raise RuntimeError(f"{program} is not installed (Debian: apt-get install npm nodejs chromium)")
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "board.jsx"):
        shutil.copy(RENDERER / name, BUILD)
    if not (BUILD / "node_modules").exists():
        _run("npm", "ci", "--no-audit", "--no-fund", "--legacy-peer-deps", "--ignore-scripts")
    esbuild = BUILD / "node_modules/.bin/esbuild"
    _run(
        str(esbuild),
        "board.jsx",
        "--bundle",
        "--minify",
        "--outfile=board.js",
        "--loader:.svg=dataurl",
        "--loader:.woff2=dataurl",
        "--loader:.woff=dataurl",
        "--loader:.ttf=dataurl",
        '--define:process.env.NODE_ENV="production"',
        "--define:global=window",
        "--log-level=error",
    )
    return BUILD


def draw(uid: str, recorded: Path, picture: Path) -> None:
    """The board *uid* with the series that *recorded* holds of it."""
    everything = json.loads(recorded.read_text())
    board = json.loads((ROOT / DASHBOARDS / f"{uid}.json").read_text())
    high = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"]) * LINE + MARGIN
    script = json.dumps({"board": board, "from": everything["from"], "to": everything["to"], "results": everything["boards"][uid]}).replace(
        "</", "<\\/"
    )
    page = BUILD / "board.html"
    style = '<link rel="stylesheet" href="board.css">' if (BUILD / "board.css").exists() else ""
    page.write_text(
        f'<!doctype html><meta charset="utf-8">{style}<div id="root"></div><div id="grafana-portal-container"></div><script>window.RECORDED={script}</script><script src="board.js"></script>'
    )
    with tempfile.TemporaryDirectory() as directory:
        shot = Path(directory, "shot.png")
        subprocess.run(
            [
                "chromium",
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--allow-file-access-from-files",
                f"--user-data-dir={directory}/profile",
                f"--window-size={WIDTH},{high}",
                f"--virtual-time-budget={SETTLED}",
                f"--screenshot={shot}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(_small(shot.read_bytes()))


def _small(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as image:
        out = io.BytesIO()
        image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
