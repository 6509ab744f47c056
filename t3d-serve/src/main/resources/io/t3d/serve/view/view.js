// The page of ./t3d view: NiiVue draws, the server on this machine answers. All addresses are relative to the page's,
// which holds the token.
'use strict';

// The colours of heat in pictures of t3d; the lowest is left out, so that what weighs less than its share stays grey.
const HEAT = { R: [32, 32, 144, 224, 255, 255], G: [0, 0, 32, 80, 168, 248], B: [80, 80, 106, 48, 32, 160],
  A: [0, 255, 255, 255, 255, 255], I: [0, 1, 64, 128, 192, 255] };
const LABELS = 1002; // NIfTI's intent of a volume of labels: sharp borders, and outlines
const WINDOWING = 9; // what dragging with the right button does

const $ = (id) => document.getElementById(id);
const view = { nv: null, scan: null, mask: null, heat: null, numbers: null, overview: null, peak: null };

function tell(problem) {
  $('error').hidden = !problem;
  $('error').textContent = problem || '';
}

/** Fetches, and turns answers of errors (RFC 9457) into errors with their text. */
async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (e) {
    throw new Error('The server does not answer. Was t3d view stopped? Start it again and open the address it prints.');
  }
  if (!answer.ok) {
    let detail = `${answer.status} ${answer.statusText}`;
    try {
      const problem = await answer.json();
      detail = problem.detail || problem.title || detail;
    } catch (e) {
      // Not ours: the status has to do.
    }
    throw new Error(detail);
  }
  return answer;
}

async function volume(address, bytes, name, options) {
  const answer = await ask(address);
  const reader = answer.body.getReader();
  const all = new Uint8Array(bytes || Number(answer.headers.get('Content-Length')));
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    all.set(value, at);
    at += value.length;
    $('progress').textContent = `Loading the ${name} … ${Math.round(100 * at / all.length)} %`;
  }
  return niivue.NVImage.loadFromUrl({ url: all.buffer, name: name + '.nii', ...options });
}

function choices(box, name, items, chosen, use) {
  for (const [value, text] of items) {
    const label = document.createElement('label');
    const input = document.createElement('input');
    const span = document.createElement('span');
    input.type = 'radio';
    input.name = name;
    input.value = value;
    input.checked = value === chosen;
    input.addEventListener('change', () => use(value));
    span.textContent = text;
    label.append(input, span);
    box.append(label);
  }
}

// Windows

const WINDOW_NAMES = { 'soft-tissue': 'Mediastinum', lung: 'Lung', bone: 'Bone', chest: 'Chest', 'full range': 'Full range' };

function showWindow() {
  const { cal_min: low, cal_max: high } = view.scan;
  $('level').value = Number(((low + high) / 2).toPrecision(4));
  $('width').value = Number((high - low).toPrecision(4));
  for (const input of document.querySelectorAll('#windows input')) {
    const w = view.overview.windows.find((one) => one.name === input.value);
    input.checked = Math.abs(w.lower - low) < 1e-3 && Math.abs(w.upper - high) < 1e-3;
  }
}

function setWindow(low, high) {
  if (!(high > low)) {
    return;
  }
  // NiiVue's double click goes back to the robust range: make it the one that was chosen.
  Object.assign(view.scan, { robust_min: low, robust_max: high });
  if (view.scan.cal_min !== low || view.scan.cal_max !== high) {
    Object.assign(view.scan, { cal_min: low, cal_max: high });
    view.nv.refreshLayers(view.scan, 0);
    view.nv.drawScene();
  }
  showWindow();
}

function setUpWindows() {
  const windows = view.overview.windows;
  const order = ['lung', 'soft-tissue', 'bone', 'chest'];
  const rank = (w) => (order.indexOf(w.name) < 0 ? order.length : order.indexOf(w.name));
  const items = [...windows].sort((a, b) => rank(a) - rank(b)).map((w) => [w.name, WINDOW_NAMES[w.name] || w.name]);
  choices($('windows'), 'window', items, windows[0].name, (name) => {
    const w = windows.find((one) => one.name === name);
    setWindow(w.lower, w.upper);
  });
  const typed = () => setWindow($('level').valueAsNumber - $('width').valueAsNumber / 2,
    $('level').valueAsNumber + $('width').valueAsNumber / 2);
  $('level').addEventListener('change', typed);
  $('width').addEventListener('change', typed);
  $('canvas').addEventListener('mousemove', (e) => e.buttons === 2 && showWindow());
  view.nv.onIntensityChange = showWindow;
}

// Position

const AXES = [['slice-x', 'R', 'L'], ['slice-y', 'A', 'P'], ['slice-z', 'S', 'I']];

function toLetters(mm) {
  const letters = [['R', 'L'], ['A', 'P'], ['S', 'I']];
  return [0, 1, 2].map((i) => `${letters[i][mm[i] < 0 ? 1 : 0]} ${Math.abs(mm[i]).toFixed(1)}`).join(' · ') + ' mm';
}

function at(image, location) {
  const found = location.values.find((v) => v.id === image.id);
  return found ? found.value : NaN;
}

function moved(location) {
  $('position').textContent = toLetters(location.mm);
  const value = at(view.scan, location);
  $('value').textContent = Number.isFinite(value) ? `${Number(value.toFixed(1))} HU` : '';
  let label = '';
  if (view.mask) {
    const entry = view.overview.mask[at(view.mask, location) - 1];
    label = entry ? entry.name : '';
  }
  if (view.heat) {
    const weight = at(view.heat, location);
    label += Number.isFinite(weight) ? `${label && ' · '}weight ${(100 * weight).toFixed(1)} %` : '';
  }
  $('label').textContent = label;
  AXES.forEach(([id], i) => {
    const slider = $(id);
    slider.value = Math.round(view.nv.scene.crosshairPos[i] * (Number(slider.max) + 1) - 0.5);
    slider.setAttribute('aria-valuetext', toLetters(location.mm).split(' · ')[i].replace(' mm', '') + ' mm');
  });
}

function redrawPlace() {
  view.nv.createOnLocationChange();
  view.nv.drawScene();
}

function goTo(mm) {
  view.nv.scene.crosshairPos = view.nv.mm2frac(mm);
  redrawPlace();
}

function setUpPlaces() {
  const size = view.scan.dimsRAS;
  AXES.forEach(([id], i) => {
    $(id).max = size[i + 1] - 1;
    $(id).addEventListener('input', () => {
      view.nv.scene.crosshairPos[i] = (Number($(id).value) + 0.5) / size[i + 1];
      redrawPlace();
    });
  });
  const all = view.nv.sliceTypeMultiplanar;
  const planes = [[all, 'All'], [view.nv.sliceTypeAxial, 'Axial'], [view.nv.sliceTypeCoronal, 'Coronal'],
    [view.nv.sliceTypeSagittal, 'Sagittal']];
  let kind = all;
  const arrange = () => {
    view.nv.clearCustomLayout();
    view.nv.setSliceType(kind);
    if (kind === all) {
      view.nv.setCustomLayout(threePlanes());
    }
  };
  choices($('planes'), 'plane', planes, all, (chosen) => {
    kind = chosen;
    arrange();
  });
  new ResizeObserver(arrange).observe($('screen'));
  arrange();
}

/** A large axial slice, with the other two beside it, or below it where the screen is narrow. */
function threePlanes() {
  const { sliceTypeAxial: axial, sliceTypeCoronal: coronal, sliceTypeSagittal: sagittal } = view.nv;
  const wide = $('screen').clientWidth > $('screen').clientHeight;
  return wide
    ? [{ sliceType: axial, position: [0, 0, 0.6, 1] }, { sliceType: coronal, position: [0.605, 0, 0.395, 0.497] },
      { sliceType: sagittal, position: [0.605, 0.503, 0.395, 0.497] }]
    : [{ sliceType: axial, position: [0, 0, 1, 0.6] }, { sliceType: coronal, position: [0, 0.605, 0.497, 0.395] },
      { sliceType: sagittal, position: [0.503, 0.605, 0.497, 0.395] }];
}

// Mask

const hidden = new Set();

function colourLabels() {
  const rgb = (i) => view.overview.mask.map((e) => parseInt(e.colour.slice(1 + 2 * i, 3 + 2 * i), 16));
  view.mask.setColormapLabel({ R: [0, ...rgb(0)], G: [0, ...rgb(1)], B: [0, ...rgb(2)] });
}

let due = false;

/** Draws the mask with the next frame, once for all labels that change until then. */
function drawLabels() {
  if (!due) {
    due = true;
    requestAnimationFrame(() => {
      due = false;
      drawShownLabels();
    });
  }
}

/** Leaves the voxels of hidden labels out: NiiVue would draw the outlines of transparent ones. */
function drawShownLabels() {
  view.numbers = view.numbers || view.mask.img;
  const drawn = view.overview.mask.map((e, i) => (hidden.has(e.value) ? 0 : i + 1));
  view.mask.img = hidden.size === 0 ? view.numbers : view.numbers.map((n) => (n === 0 ? 0 : drawn[n - 1]));
  view.nv.updateGLVolume();
  redrawPlace();
}

function swatch(colour) {
  // The policy of the page forbids style attributes: a colour is an SVG's.
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  rect.setAttribute('width', '100%');
  rect.setAttribute('height', '100%');
  rect.setAttribute('fill', colour);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(rect);
  return svg;
}

function setUpMask() {
  const entries = view.overview.mask;
  $('mask').hidden = false;
  for (const entry of entries) {
    const item = document.createElement('li');
    const label = document.createElement('label');
    const box = document.createElement('input');
    const called = document.createElement('span');
    const much = document.createElement('span');
    box.type = 'checkbox';
    box.checked = true;
    box.addEventListener('change', () => {
      hidden[box.checked ? 'delete' : 'add'](entry.value);
      drawLabels();
    });
    called.className = 'called';
    called.textContent = entry.name;
    much.className = 'much';
    much.textContent = `${entry.millilitres < 10 ? entry.millilitres.toFixed(2) : Math.round(entry.millilitres)} ml`;
    label.append(box, swatch(entry.colour), called, much);
    item.append(label);
    $('labels').append(item);
  }
  const every = (shown) => {
    entries.forEach((e) => hidden[shown ? 'delete' : 'add'](e.value));
    document.querySelectorAll('#labels input').forEach((box) => { box.checked = shown; });
    drawLabels();
  };
  $('all').hidden = entries.length < 2;
  $('show-all').addEventListener('click', () => every(true));
  $('hide-all').addEventListener('click', () => every(false));
  $('mask-opacity').addEventListener('input', () =>
    view.nv.setOpacity(view.nv.volumes.indexOf(view.mask), $('mask-opacity').value / 100));
  $('outline').addEventListener('change', () => view.nv.setAtlasOutline($('outline').checked ? 1 : 0));
}

// Sentences

function takeAway() {
  if (view.heat) {
    view.nv.removeVolume(view.heat);
    view.heat = null;
    redrawPlace();
  }
  $('heat').hidden = true;
}

async function showHeat(text) {
  const buttons = document.querySelectorAll('#show, #found button');
  buttons.forEach((b) => { b.disabled = true; });
  $('show').textContent = 'Looking …';
  tell('');
  try {
    const answer = await ask('relevance', { method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ text }) });
    const found = await answer.json();
    const bytes = Uint8Array.from(atob(found.nifti), (c) => c.charCodeAt(0));
    const tokens = found.tokens[0] * found.tokens[1] * found.tokens[2];
    const even = 1 / tokens; // the weight of each token when none stands out
    const image = await niivue.NVImage.loadFromUrl({ url: bytes.buffer, name: 'sentence.nii', colormap: 't3d-heat',
      opacity: $('heat-opacity').value / 100, cal_min: even, cal_max: Math.max(found.heaviest, even * 1.001) });
    takeAway();
    view.heat = image;
    view.peak = found.peak;
    view.nv.addVolume(image);
    $('heat').hidden = false;
    $('heat-text').textContent = `“${found.text}”`;
    $('scale-low').textContent = `${percent(even)} (even share)`;
    $('scale-high').textContent = percent(found.heaviest);
    $('heat-facts').textContent = `Score ${found.score.toFixed(3)} · ${found.tokens.join(' × ')} tokens · heaviest at `
      + toLetters(found.peak);
    goTo(found.peak);
  } catch (e) {
    tell(e.message);
  } finally {
    buttons.forEach((b) => { b.disabled = false; });
    $('show').textContent = 'Show';
  }
}

const percent = (part) => `${(100 * part).toPrecision(part < 0.1 ? 2 : 3)} %`;

function setUpSentences() {
  $('ask').hidden = false;
  view.nv.addColormap('t3d-heat', HEAT);
  $('ask').addEventListener('submit', (e) => {
    e.preventDefault();
    const text = $('text').value.trim();
    if (text) {
      showHeat(text);
    }
  });
  $('heat-opacity').addEventListener('input', () => view.heat
    && view.nv.setOpacity(view.nv.volumes.indexOf(view.heat), $('heat-opacity').value / 100));
  $('peak').addEventListener('click', () => goTo(view.peak));
  $('clear').addEventListener('click', takeAway);
}

async function listFindings() {
  $('findings').hidden = false;
  $('findings-state').textContent = 'The model looks at the scan …';
  try {
    const { findings } = await (await ask('findings')).json();
    $('findings').hidden = findings.length === 0;
    $('findings-state').textContent = '';
    $('findings-note').hidden = false;
    for (const finding of [...findings].sort((a, b) => b.probability - a.probability)) {
      const item = document.createElement('li');
      const button = document.createElement('button');
      const name = document.createElement('span');
      const chance = document.createElement('span');
      const bar = swatch('inherit');
      bar.firstChild.removeAttribute('fill');
      bar.firstChild.setAttribute('width', `${100 * finding.probability}%`);
      button.type = 'button';
      name.textContent = finding.name.replaceAll('_', ' ');
      chance.className = 'chance';
      chance.textContent = `${Math.round(100 * finding.probability)} %`;
      button.append(bar, name, chance);
      button.title = finding.sentence;
      button.addEventListener('click', () => {
        $('text').value = finding.sentence;
        showHeat(finding.sentence);
      });
      item.append(button);
      $('found').append(item);
      const known = document.createElement('option');
      known.value = finding.sentence;
      $('known').append(known);
    }
  } catch (e) {
    $('findings-state').textContent = '';
    tell(e.message);
  }
}

// Start

async function start() {
  const overview = await (await ask('overview')).json();
  view.overview = overview;
  document.title = `${overview.name} – t3d view`;
  $('name').textContent = overview.name;
  $('geometry').textContent = `${overview.size.join(' × ')} voxels of `
    + `${overview.spacing.map((s) => Number(s.toPrecision(3))).join(' × ')} mm, stored ${overview.orientation}`;
  if (!document.createElement('canvas').getContext('webgl2')) {
    throw new Error('This browser has no WebGL 2, which drawing needs: update it, or turn on hardware acceleration.');
  }
  const nv = new niivue.Niivue({
    isRadiologicalConvention: true, sagittalNoseLeft: true, showAllOrientationMarkers: true, fontColor: [1, 0.85, 0.4, 1],
    crosshairColor: [0.3, 0.75, 1, 1], crosshairWidth: 0.8, crosshairWidthUnit: 'mm', crosshairGap: 20,
    multiplanarShowRender: niivue.SHOW_RENDER.NEVER, dragAndDropEnabled: false, dragMode: WINDOWING,
    clipPlaneHotKey: '', viewModeHotKey: '', loadingText: '', showLegend: false, atlasOutline: 1, logLevel: 'error',
  });
  view.nv = nv;
  await nv.attachToCanvas($('canvas'));
  const first = overview.windows[0];
  view.scan = await volume('scan.nii', overview.bytes, 'scan', { colormap: 'gray', cal_min: first.lower, cal_max: first.upper });
  nv.addVolume(view.scan);
  setUpWindows();
  setWindow(first.lower, first.upper);
  if (overview.mask.length > 0) {
    view.mask = await volume('mask.nii', 0, 'mask', { opacity: $('mask-opacity').value / 100 });
    view.mask.hdr.intent_code = LABELS;
    colourLabels();
    nv.addVolume(view.mask);
    setUpMask();
  }
  nv.onLocationChange = moved;
  setUpPlaces();
  redrawPlace();
  $('progress').textContent = '';
  document.body.dataset.ready = 'true';
  if (overview.sentences) {
    setUpSentences();
    await listFindings();
  } else {
    $('why').hidden = false;
    $('why').textContent = overview.why;
  }
}

start().catch((e) => {
  $('progress').textContent = '';
  tell(e.message);
});
