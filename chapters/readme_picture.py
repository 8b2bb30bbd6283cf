"""Draw readme_picture.png, the picture in README.md: `python chapters/readme_picture.py`."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

import qemlib as qem
from qemlib import plotting

plotting.use_style()
axis = np.linspace(-16, 16, 161)
figure, panels = plt.subplots(1, 3, figsize=(9.0, 2.9))
for ax, voltage in zip(panels, (0.0, 10.0, 16.0), strict=True):
    model = qem.LangevinModel.from_device(qem.paper_device(voltage))
    density = 2.0 * qem.steady_state(model).wigner(axis[:, None] * model.x0, axis * model.p0)
    plotting.wigner_map(axis, axis, density, ax)
    ax.set_title(f"V = {voltage:g}")
path = Path(__file__).with_suffix(".png")
figure.savefig(path, dpi=110)
Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
