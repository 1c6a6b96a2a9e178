const TOP = "<nav class=\"navbar navbar-expand-lg sd-navbar-default\"><div class=\"navbar-container container-fluid\"><div class=\"navbar-brand-container mx-auto\"><a class=\"navbar-brand\" href=\"UP/index.html\"><span class=\"navbar-title\">textclip</span></a></div><button class=\"navbar-toggler\" type=\"button\" data-bs-toggle=\"collapse\" data-bs-target=\"#navbarCollapse\" aria-controls=\"navbarCollapse\" aria-expanded=\"false\" aria-label=\"Toggle navigation\"><span class=\"navbar-toggler-icon\"></span></button><div class=\"collapse navbar-collapse\" id=\"navbarCollapse\"><ul class=\"navbar-nav navbar-nav-scroll me-auto\"></ul><ul class=\"navbar-nav navbar-nav-scroll ms-auto\"><li class=\"nav-item\"><a class=\"nav-link\" href=\"https://github.com/textclip/textclip\"><i class=\"bi bi-github\" role=\"img\"></i> <span class=\"menu-text\">GitHub</span></a></li><li class=\"nav-item compact\"><a class=\"quarto-color-scheme-toggle nav-link\" href=\"\" title=\"Toggle dark mode\" onclick=\"window.smalldocsToggleScheme(); return false;\"><i class=\"bi\"></i></a></li></ul><div class=\"quarto-navbar-tools\"><div class=\"smalldocs-search\" id=\"quarto-search\"><i class=\"bi bi-search\" aria-hidden=\"true\"></i><input type=\"search\" class=\"form-control form-control-sm\" placeholder=\"Search\" aria-label=\"Search\" autocomplete=\"off\"><div class=\"smalldocs-search-results dropdown-menu\"></div></div></div></div></div></nav><nav class=\"quarto-secondary-nav\"><div class=\"container-fluid d-flex\"><button type=\"button\" class=\"quarto-btn-toggle btn\" aria-controls=\"quarto-sidebar\" aria-label=\"Toggle sidebar navigation\"><i class=\"bi bi-layout-text-sidebar-reverse\"></i></button><nav class=\"quarto-page-breadcrumbs\" aria-label=\"breadcrumb\"></nav></div></nav>";
const PAGES = [
[
"Start",
"",
[
[
"textclip",
"index.html",
[]
],
[
"Gallery",
"gallery.html",
[]
],
[
"One import",
"textclip.html",
[]
],
[
"Pipeline",
"pipeline.html",
[]
],
[
"Why this name?",
"reasons.html",
[]
],
[
"Answers as files",
"answers.html",
[]
],
[
"The app",
"app/app.html",
[
[
"What the app does",
"app/session.html",
[]
],
[
"The page of the app",
"app/page.html",
[]
]
]
],
[
"Command line",
"cli/cli.html",
[
[
"Options that commands share",
"cli/options.html",
[]
],
[
"Commands for a classifier",
"cli/classify.html",
[]
],
[
"Commands for answers",
"cli/answer.html",
[]
],
[
"Commands for tables",
"cli/bench.html",
[]
],
[
"Commands for upkeep",
"cli/upkeep.html",
[]
],
[
"The application",
"cli/commands.html",
[]
],
[
"Training an encoder from the command line",
"cli/train_encoder.html",
[]
]
]
]
]
],
[
"Tutorials",
"tutorials/tutorials.html",
[
[
"First",
"",
[
[
"Ten lines",
"tutorials/ten_lines.html",
[]
],
[
"Which method for me?",
"tutorials/which_method.html",
[]
],
[
"From names to a classifier",
"tutorials/names_to_classifier.html",
[]
]
]
],
[
"With what you have",
"",
[
[
"Your own photos",
"tutorials/your_photos.html",
[]
],
[
"A heap of photos without labels",
"tutorials/unlabelled_photos.html",
[]
],
[
"From label names to tagged pictures",
"tutorials/text_to_tags.html",
[]
],
[
"Your language model",
"tutorials/your_llm.html",
[]
],
[
"Another encoder",
"tutorials/your_encoder.html",
[]
]
]
],
[
"Further",
"",
[
[
"Why this name? And out into the world",
"tutorials/explain_and_export.html",
[]
],
[
"A paper in one notebook",
"tutorials/a_paper.html",
[]
],
[
"Scaling out",
"tutorials/scale_out.html",
[]
]
]
]
]
],
[
"Stage 1: LLM sampling",
"1_sampling/sampling.html",
[
[
"Texts about classes",
"1_sampling/texts.html",
[]
],
[
"What a model said",
"1_sampling/answer_text.html",
[]
],
[
"Wording of questions and answers",
"1_sampling/wording.html",
[]
],
[
"Answers of no use",
"1_sampling/answer_checks.html",
[]
],
[
"A strategy",
"1_sampling/strategy.html",
[]
],
[
"Questions made for a task",
"1_sampling/domain_strategies.html",
[]
],
[
"Texts about several classes",
"1_sampling/multilabel_texts.html",
[]
],
[
"Strategies: what is asked",
"1_sampling/strategies.html",
[]
],
[
"Files of texts",
"1_sampling/text_files.html",
[]
],
[
"Recorded texts",
"1_sampling/recorded_texts.html",
[]
],
[
"Filters for texts",
"1_sampling/text_filters.html",
[]
],
[
"How good are the texts?",
"1_sampling/quality.html",
[]
],
[
"Asking: what an answer costs, and where it is kept",
"1_sampling/asking.html",
[]
],
[
"Plan and sample",
"1_sampling/sample.html",
[]
],
[
"Texts that tell confused classes apart",
"1_sampling/improve.html",
[]
],
[
"Language models",
"1_sampling/llms/llms.html",
[
[
"What a language model offers",
"1_sampling/llms/protocol.html",
[]
],
[
"Language models in this process",
"1_sampling/llms/local.html",
[]
],
[
"Questions and answers as JSON",
"1_sampling/llms/chat_api.html",
[]
],
[
"Language models behind a server",
"1_sampling/llms/server.html",
[]
],
[
"Batch files",
"1_sampling/llms/batch.html",
[]
],
[
"Load a language model",
"1_sampling/llms/load.html",
[]
]
]
]
]
],
[
"Stage 2: Feature synthesis",
"2_synthesis/synthesis.html",
[
[
"Noise and shifts",
"2_synthesis/noise.html",
[]
],
[
"Support sets",
"2_synthesis/support_sets.html",
[]
],
[
"Checking a support set",
"2_synthesis/support_checks.html",
[]
],
[
"Retrieving a support set",
"2_synthesis/retrieval.html",
[]
],
[
"Generating a support set",
"2_synthesis/image_generation.html",
[]
],
[
"A generator of features",
"2_synthesis/feature_generator.html",
[]
]
]
],
[
"Stage 3: Alignment",
"3_alignment/alignment.html",
[
[
"Distances between images",
"3_alignment/distances.html",
[]
],
[
"Optimal transport",
"3_alignment/optimal_transport.html",
[]
],
[
"From places to one score",
"3_alignment/places.html",
[]
],
[
"Losses",
"3_alignment/losses.html",
[]
]
]
],
[
"Stage 4: Training",
"4_training/training.html",
[
[
"Optimisation settings",
"4_training/optimization.html",
[]
],
[
"Several GPUs",
"4_training/processes.html",
[]
],
[
"The training loop",
"4_training/trainer.html",
[]
],
[
"Callbacks",
"4_training/callbacks.html",
[]
],
[
"Memory, before the run",
"4_training/memory.html",
[]
],
[
"Augmented images for training",
"4_training/image_views.html",
[]
],
[
"Search for the weights of a cache",
"4_training/weight_search.html",
[]
],
[
"Classifiers from learned prompts",
"4_training/prompt_classifier.html",
[]
],
[
"Prompt learning",
"4_training/prompt_learner.html",
[]
],
[
"Training inside the encoder",
"4_training/encoder_tuning.html",
[]
],
[
"Training an adapter on texts",
"4_training/adapter_training.html",
[]
],
[
"Training a feature generator",
"4_training/generator_training.html",
[]
]
]
],
[
"Stage 5: Evaluation",
"5_evaluation/evaluation.html",
[
[
"One label an image",
"5_evaluation/single_label.html",
[]
],
[
"Several labels an image",
"5_evaluation/multilabel.html",
[]
],
[
"Statistics of a table",
"5_evaluation/statistics.html",
[]
],
[
"Calibration",
"5_evaluation/calibration.html",
[]
],
[
"Geometry",
"5_evaluation/geometry.html",
[]
],
[
"Plots",
"5_evaluation/plots.html",
[]
]
]
],
[
"What the stages stand on",
"",
[
[
"What everything stands on",
"core/core.html",
[
[
"Basics",
"core/basics.html",
[]
],
[
"What is shown",
"core/display.html",
[]
],
[
"The hub",
"core/hub.html",
[]
],
[
"Files of others",
"core/foreign_files.html",
[]
],
[
"Executors",
"core/executors.html",
[]
],
[
"What the store holds",
"core/store_upkeep.html",
[]
],
[
"Assets",
"core/assets.html",
[]
],
[
"Kept by item",
"core/item_store.html",
[]
],
[
"The journal",
"core/journal.html",
[]
]
]
],
[
"What travels between the rooms",
"types/types.html",
[
[
"Tasks",
"types/task.html",
[]
],
[
"Features",
"types/features.html",
[]
],
[
"Classifiers",
"types/classifier.html",
[]
],
[
"Methods",
"types/method.html",
[]
],
[
"Reports",
"types/report.html",
[]
]
]
],
[
"Your images",
"data/data.html",
[
[
"Images",
"data/images.html",
[]
],
[
"Folders",
"data/folders.html",
[]
],
[
"Labels",
"data/labels.html",
[]
],
[
"Columns",
"data/table_files.html",
[]
],
[
"Tables",
"data/tables.html",
[]
],
[
"Datasets of the hub",
"data/hub_datasets.html",
[]
],
[
"Archives",
"data/tar_files.html",
[]
],
[
"Web datasets",
"data/webdatasets.html",
[]
],
[
"Few shots, subsets of classes, hidden labels",
"data/splits.html",
[]
],
[
"Lists of images in files",
"data/split_files.html",
[]
],
[
"Loading a task",
"data/load.html",
[]
],
[
"Check your own images",
"data/check_images.html",
[]
],
[
"Published datasets",
"data/catalogue/catalogue.html",
[
[
"Facts about datasets",
"data/catalogue/facts.html",
[]
],
[
"MATLAB files",
"data/catalogue/mat_files.html",
[]
],
[
"Datasets with lists",
"data/catalogue/list_layouts.html",
[]
],
[
"Datasets of class folders",
"data/catalogue/folder_layouts.html",
[]
],
[
"Seen and unseen classes",
"data/catalogue/generalized.html",
[]
],
[
"NUS-WIDE, and labels that nobody learned",
"data/catalogue/nuswide.html",
[]
],
[
"Datasets with several labels",
"data/catalogue/multilabel.html",
[]
],
[
"Offline sets",
"data/catalogue/offline.html",
[]
],
[
"From facts and files to a task",
"data/catalogue/check.html",
[]
]
]
]
]
],
[
"Encoders",
"encoders/encoders.html",
[
[
"Model files",
"encoders/model_files.html",
[]
],
[
"The encoder protocol",
"encoders/protocol.html",
[]
],
[
"Prompts with learnable contexts",
"encoders/prompts.html",
[]
],
[
"open_clip",
"encoders/open_clip_encoder.html",
[]
],
[
"Lite",
"encoders/lite_encoder.html",
[]
],
[
"transformers",
"encoders/transformers_encoder.html",
[]
],
[
"Loading and checking",
"encoders/load.html",
[]
]
]
],
[
"Features",
"features/features.html",
[
[
"Extraction",
"features/extract.html",
[]
],
[
"What methods take as features",
"features/inputs.html",
[]
],
[
"Feature tables",
"features/parquet_features.html",
[]
],
[
"Feature files",
"features/feature_files.html",
[]
],
[
"Sets of features",
"features/feature_suite.html",
[]
]
]
]
]
],
[
"Methods",
"methods/methods.html",
[
[
"Names and texts",
"",
[
[
"Zero-shot",
"methods/zeroshot.html",
[]
],
[
"CuPL",
"methods/cupl.html",
[]
],
[
"TAP and LaFTer's text stage",
"methods/tap.html",
[]
],
[
"CALIP: attention without parameters",
"methods/calip.html",
[]
]
]
],
[
"Support sets",
"",
[
[
"TIP-X and SuS-X",
"methods/tipx.html",
[]
]
]
],
[
"A few images",
"",
[
[
"Linear probes",
"methods/linear_probe.html",
[]
],
[
"GDA: Gaussian discriminant analysis",
"methods/gda.html",
[]
],
[
"Text-anchored GDA",
"methods/text_gda.html",
[]
],
[
"The choice by cross-validation",
"methods/cross_validated.html",
[]
],
[
"Tip-Adapter",
"methods/tip_adapter.html",
[]
],
[
"CLIP-Adapter",
"methods/clip_adapter.html",
[]
],
[
"CoOp",
"methods/coop.html",
[]
],
[
"KgCoOp",
"methods/kgcoop.html",
[]
],
[
"CoCoOp",
"methods/cocoop.html",
[]
],
[
"PLOT: prompts and optimal transport",
"methods/plot.html",
[]
],
[
"DuAl-PT: dual-aligned prompts",
"methods/dualpt.html",
[]
],
[
"SHIP",
"methods/ship.html",
[]
]
]
],
[
"Several labels",
"",
[
[
"TAI-Adapter",
"methods/tai_adapter.html",
[]
],
[
"TaI-DPT: prompts from captions",
"methods/tai_dpt.html",
[]
],
[
"CoMC",
"methods/comc.html",
[]
],
[
"Dense zero-shot",
"methods/dense_zeroshot.html",
[]
],
[
"Adapters between features and labels",
"methods/text_adapters.html",
[]
]
]
],
[
"Unlabelled images",
"",
[
[
"Texts and unlabelled images",
"methods/text_mixture.html",
[]
],
[
"StatA: adapting to a batch that shows few of the classes",
"methods/stata.html",
[]
]
]
],
[
"Into the encoder",
"",
[
[
"LaFTer",
"methods/lafter.html",
[]
],
[
"CLIP-LoRA",
"methods/clip_lora.html",
[]
]
]
],
[
"By name",
"",
[
[
"The methods by name",
"methods/registry.html",
[]
]
]
]
]
],
[
"Integrations",
"integrations/integrations.html",
[
[
"ONNX graphs",
"integrations/onnx.html",
[]
],
[
"Zero-shot weights",
"integrations/open_clip_weights.html",
[]
],
[
"scikit-learn",
"integrations/sklearn.html",
[]
],
[
"The Hugging Face hub",
"integrations/hub.html",
[]
]
]
],
[
"Benchmark",
"benchmark/benchmark.html",
[
[
"The data of a benchmark",
"benchmark/task_data.html",
[]
],
[
"Protocols",
"benchmark/protocols.html",
[]
],
[
"Protocols for several labels",
"benchmark/multilabel_protocols.html",
[]
],
[
"Manifest",
"benchmark/manifest.html",
[]
],
[
"Tables of a benchmark",
"benchmark/table.html",
[]
],
[
"A cell of a benchmark",
"benchmark/cells.html",
[]
],
[
"Runner",
"benchmark/runner.html",
[]
],
[
"Text methods",
"benchmark/text_methods.html",
[]
],
[
"Measuring a row again",
"benchmark/reruns.html",
[]
],
[
"Suites",
"benchmark/suites.html",
[]
],
[
"Published beside measured",
"benchmark/published.html",
[]
],
[
"Speed against the machine's limits",
"benchmark/speed.html",
[]
],
[
"Your own images",
"benchmark/own_images.html",
[]
],
[
"From what is there to a classifier",
"benchmark/fitting.html",
[]
],
[
"What each step buys",
"benchmark/steps.html",
[]
],
[
"The steps that cost",
"benchmark/speed_cases.html",
[]
]
]
],
[
"Studies",
"studies/studies.html",
[
[
"Tables",
"",
[
[
"Results",
"studies/results.html",
[]
],
[
"Every regime's default",
"studies/recipes.html",
[]
]
]
],
[
"Texts",
"",
[
[
"The offline suite, measured",
"studies/offline_suite.html",
[]
],
[
"Text methods on real CLIP features",
"studies/real_features.html",
[]
],
[
"Ways to ask a language model",
"studies/llm_strategies.html",
[]
],
[
"Does asking about confusions help?",
"studies/closed_loop.html",
[]
]
]
],
[
"A few images",
"",
[
[
"Few-shot methods on real CLIP features",
"studies/few_shot_features.html",
[]
],
[
"Caches on real CLIP features",
"studies/cache_methods.html",
[]
],
[
"Support sets from a pool without labels",
"studies/support_sets.html",
[]
]
]
],
[
"Training",
"",
[
[
"Prompt learners and CLIP-Adapter, measured",
"studies/prompt_learning.html",
[]
],
[
"Dual-aligned prompts, measured",
"studies/dual_aligned_prompts.html",
[]
],
[
"SHIP, measured",
"studies/ship.html",
[]
],
[
"Training inside the encoder: gain and cost",
"studies/encoder_methods.html",
[]
]
]
],
[
"Several labels",
"",
[
[
"Multi-label recognition from texts, measured",
"studies/multilabel.html",
[]
]
]
],
[
"When things go wrong",
"",
[
[
"Drills",
"studies/drills.html",
[]
]
]
]
]
],
[
"Speed",
"speed/speed.html",
[
[
"How long until the first answer?",
"speed/first_answer.html",
[]
],
[
"Before and after",
"speed/before_after.html",
[]
],
[
"How does it grow?",
"speed/growth.html",
[]
],
[
"Beside others",
"speed/peers.html",
[]
],
[
"How fast is extraction?",
"speed/encoder_speed.html",
[]
],
[
"How fast is sampling?",
"speed/llm_speed.html",
[]
],
[
"How fast are caches?",
"speed/cache_speed.html",
[]
],
[
"How fast is transport?",
"speed/sinkhorn_speed.html",
[]
],
[
"What does training on texts cost?",
"speed/tai_speed.html",
[]
],
[
"What does a step of prompt learning cost?",
"speed/prompt_speed.html",
[]
],
[
"How fast is SHIP?",
"speed/ship_speed.html",
[]
],
[
"What does the training loop cost?",
"speed/training_loop_cost.html",
[]
],
[
"On a GPU",
"speed/gpu_speed.html",
[]
]
]
],
[
"Project",
"",
[
[
"Contributing",
"contributing.html",
[]
],
[
"Stand-ins",
"testing/testing.html",
[
[
"Small encoders and language models",
"testing/encoders.html",
[]
],
[
"Made-up data",
"testing/data.html",
[]
],
[
"A hub of one's own",
"testing/hub.html",
[]
]
]
],
[
"All names",
"api.html",
[]
]
]
]
];
// Fills the bar at the top from TOP, and the sidebar from PAGES, lists of [text, address, [those within]]: rooms are
// closed but those around the current page, which is scrolled into view and has its headings below it
(() => {
  "use strict";
  const nav = document.getElementById("quarto-sidebar"), here = nav.dataset.page;
  const up = document.querySelector('meta[name="smalldocs:offset"]').content;
  document.getElementById("quarto-header").innerHTML = TOP.replaceAll("UP/", up);
  const holds = ([, address, within]) => address === here || within.some(holds);
  const current = (address) => (address === here ? ' active" aria-current="page' : "");
  let rooms = 0;
  const link = (text, address) => `<a class="sidebar-item-text sidebar-link${current(address)}" href="${up}${address}"><span class="menu-text">${text}</span></a>`;
  const room = (node, depth) => {
    const [text, address, within] = node;
    const id = `quarto-sidebar-section-${++rooms}`, open = holds(node) || (depth > 1 && !address);
    const fold = `data-bs-toggle="collapse" data-bs-target="#${id}" aria-expanded="${open}" role="button" tabindex="0"`;
    const closed = open ? "" : " collapsed";
    const head = address ? link(text, address) : `<a class="sidebar-item-text sidebar-link text-start${closed}" ${fold}><span class="menu-text">${text}</span></a>`;
    const chevron = `<a class="sidebar-item-toggle text-start${closed}" ${fold} aria-label="Toggle section"><i class="bi bi-chevron-right ms-2"></i></a>`;
    return `<li class="sidebar-item sidebar-item-section"><div class="sidebar-item-container">${head}${chevron}</div>` +
      `<ul id="${id}" class="collapse list-unstyled sidebar-section depth${depth}${open ? " show" : ""}">${items(within, depth + 1)}</ul></li>`;
  };
  const page = ([text, address]) => `<li class="sidebar-item"><div class="sidebar-item-container">${link(text, address)}</div></li>`;
  const items = (nodes, depth) => nodes.map((o) => (o[2].length ? room(o, depth) : page(o))).join("");
  nav.insertAdjacentHTML("afterbegin", `<div class="sidebar-menu-container"><ul class="list-unstyled mt-1">${items(PAGES, 1)}</ul></div>`);
  const active = nav.querySelector(".sidebar-link.active"), headings = document.getElementById("TOC");
  if (active && headings) active.parentElement.after(headings);
  if (active) nav.scrollTop = active.getBoundingClientRect().top - nav.getBoundingClientRect().top - nav.clientHeight / 3;
  nav.addEventListener("keydown", (e) => { if (e.key === "Enter" && !e.target.hasAttribute("href")) e.target.click(); });
})();
