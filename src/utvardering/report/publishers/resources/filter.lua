--[[ What Quarto's Markdown means, for HTML and Typst: conditional content, callouts, numbered sections,
cross-references, figures, tables, equations and links. Words, paths and pages come in the metadata `embedded`.
What cannot be resolved is written to standard error as `PROBLEM<tab>kind<tab>what`. ]]

local typst = FORMAT:match("typst") ~= nil
local target = typst and "typst" or "html"
local words, meta = {}, {}
local number_sections, base_level = false, 2
local floats = { fig = 0, tbl = 0, eq = 0 }
local sections, references = { 0, 0, 0, 0, 0, 0 }, {} -- numbers so far; identifier -> number as text
local nbsp = "\u{a0}"
local callouts = { note = { "#0758E5", "#dae6fb" }, tip = { "#00A047", "#ccf1e3" }, warning = { "#EB9113", "#fcefdc" },
  important = { "#CC1914", "#f7dddc" }, caution = { "#FC5300", "#ffe5d0" } }

local function problem(kind, what)
  io.stderr:write("PROBLEM\t" .. kind .. "\t" .. what .. "\n")
end

local function text_of(value)
  return value and pandoc.utils.stringify(value) or ""
end

local function raw(text)
  return pandoc.RawBlock(target, text)
end

local function escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

local function typst_string(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"'
end

-- Conditional content -------------------------------------------------------------------------------------------

local function set_in_metadata(key)
  local value = meta
  for part in key:gmatch("[^.]+") do
    value = type(value) == "table" and value[part] or nil
  end
  return value ~= nil and value ~= false and text_of(value) ~= "false"
end

local function format_is(name)
  return name == target or (name == "pdf" and typst)
end

local function conditional(element)
  local shown = element.classes:includes("content-visible")
  if not shown and not element.classes:includes("content-hidden") then
    return nil
  end
  local holds = true
  for name, test in pairs({ ["when-format"] = format_is, ["when-meta"] = set_in_metadata }) do
    local given = element.attributes[name]
    if given then holds = holds and test(given) end
    local unless = element.attributes[name:gsub("when", "unless")]
    if unless then holds = holds and not test(unless) end
  end
  return holds == shown and element.content or {}
end

-- Numbered things -----------------------------------------------------------------------------------------------

local function register(identifier, number)
  if references[identifier] then problem("duplicate", identifier) end
  references[identifier] = number
end

local function next_float(kind, identifier)
  floats[kind] = floats[kind] + 1
  register(identifier, tostring(floats[kind]))
  return tostring(floats[kind])
end

local function kind_of(identifier)
  local kind = identifier:match("^(%l+)%-")
  return floats[kind] and kind or nil
end

local function caption_text(kind, number, caption)
  local inlines = pandoc.Inlines({ pandoc.Str(words[kind] .. nbsp .. number) })
  if #caption > 0 then
    inlines:extend({ pandoc.Str(":"), pandoc.Space() })
    inlines:extend(caption)
  end
  return inlines
end

local function typst_float(kind, identifier, blocks, caption)
  local position = kind == "tbl" and "top" or "bottom"
  local out = pandoc.Blocks({ raw("#figure([") })
  out:extend(blocks)
  out:insert(raw("], caption: figure.caption(position: " .. position .. ", ["))
  out:insert(pandoc.Plain(caption))
  out:insert(raw('], separator: [: ]), kind: "quarto-float-' .. kind .. '", supplement: [' .. words[kind] .. "])<" .. identifier .. ">"))
  return out
end

local function html_float(kind, identifier, blocks, caption)
  local out = pandoc.Blocks({ raw('<figure id="' .. escape(identifier) .. '" class="float float-' .. kind .. '">') })
  local below = { raw("<figcaption>"), pandoc.Plain(caption), raw("</figcaption>") }
  if kind == "tbl" then out:extend(below) end
  out:extend(blocks)
  if kind ~= "tbl" then out:extend(below) end
  out:insert(raw("</figure>"))
  return out
end

local function set_widths(tbl, given)
  local widths = {}
  for number in (given or ""):gmatch("[%d.]+") do widths[#widths + 1] = tonumber(number) end
  local total = 0
  for _, width in ipairs(widths) do total = total + width end
  tbl.colspecs = tbl.colspecs:map(function(spec) return { spec[1], nil } end)
  for index, spec in ipairs(tbl.colspecs) do
    if widths[index] then tbl.colspecs[index] = { spec[1], widths[index] / math.max(total, 100) } end
  end
end

-- What may be wider than a phone stands in a region that can be focused and scrolled sideways.
local function region(label, blocks)
  local out = pandoc.Blocks({ raw('<div class="wide-region" role="region" tabindex="0" aria-label="' .. escape(label) .. '">') })
  out:extend(blocks)
  out:insert(raw("</div>"))
  return out
end

local function plain_table(tbl, widths, label)
  set_widths(tbl, tbl.attributes["tbl-colwidths"] or widths)
  tbl.attributes["tbl-colwidths"] = nil
  if typst then
    tbl.classes:insert("typst:no-figure")
    return { tbl }
  end
  local own = text_of(tbl.caption.long)
  return region(label or own ~= "" and own or words.table, { tbl })
end

local function table_float(tbl, identifier, widths, caption)
  caption = caption or pandoc.utils.blocks_to_inlines(tbl.caption.long)
  local full = caption_text("tbl", next_float("tbl", identifier), caption)
  tbl.attr.identifier, tbl.caption.long = "", {}
  local blocks = plain_table(tbl, widths, text_of(full))
  if typst then return typst_float("tbl", identifier, blocks, caption) end
  return html_float("tbl", identifier, blocks, full)
end

local function describe(blocks, alt)
  return blocks:walk({ Image = function(image)
    local own = image.attributes["fig-alt"] or image.attributes["alt"]
    local described = own and own ~= "" and own or alt or text_of(image.caption)
    image.attributes["fig-alt"], image.attributes["alt"] = described, nil
    return image
  end })
end

local function float_div(div, kind)
  local blocks, caption = div.content, pandoc.Inlines({})
  local last = blocks[#blocks]
  if #blocks > 1 and last and (last.t == "Para" or last.t == "Plain") then
    caption = last.content
    blocks:remove(#blocks)
  end
  local tables = blocks:filter(function(block) return block.t == "Table" end)
  if kind == "tbl" and #tables == 1 and #blocks == 1 then
    return table_float(tables[1], div.identifier, div.attributes["tbl-colwidths"], #caption > 0 and caption or nil)
  end
  if #blocks == 1 and blocks[1].t == "Figure" then blocks = blocks[1].content end
  blocks = describe(pandoc.Blocks(blocks), div.attributes["fig-alt"])
  local number = next_float(kind, div.identifier)
  if typst then return typst_float(kind, div.identifier, blocks, caption) end
  return html_float(kind, div.identifier, blocks, caption_text(kind, number, caption))
end

local function figure(fig)
  local image
  fig.content:walk({ Image = function(found) image = found end })
  local caption = pandoc.utils.blocks_to_inlines(fig.caption.long)
  local alt = image and (image.attributes["fig-alt"] or image.attributes["alt"])
  if image and (not alt or alt == "") then problem("alt", image.src) end
  local identifier = fig.identifier ~= "" and fig.identifier or (image and image.identifier or "")
  local content = fig.content:walk({ Image = function(found) found.attr.identifier = "" return found end })
  content = describe(content, nil)
  if kind_of(identifier) == "fig" then
    local number = next_float("fig", identifier)
    if typst then return typst_float("fig", identifier, content, caption) end
    return html_float("fig", identifier, content, caption_text("fig", number, caption))
  end
  fig.content = content
  if not typst then return { fig } end
  local out = pandoc.Blocks({ raw("#figure([") })
  out:extend(content)
  out:extend({ raw("], caption: ["), pandoc.Plain(caption), raw("], numbering: none)") })
  return out
end

local function equation(div)
  local math
  div.content:walk({ Math = function(found) math = found end })
  if not math then return div.content end
  local number = next_float("eq", div.identifier)
  local alt = div.attributes["alt"] or ""
  if alt == "" and typst then problem("alt", "@" .. div.identifier) end
  if typst then
    local body = pandoc.write(pandoc.Pandoc({ pandoc.Para({ math }) }), "typst"):gsub("%s+$", "")
    return { raw('#math.equation(block: true, numbering: "(1)", alt: ' .. typst_string(alt) .. ", [" .. body .. "])<" .. div.identifier .. ">") }
  end
  math.text = math.text:gsub("%s+$", "") .. " \\qquad(" .. number .. ")"
  local span = pandoc.Span({ math }, pandoc.Attr(div.identifier, { "equation" }))
  return region(words.eq .. nbsp .. number, { pandoc.Para({ span }) })
end

-- Blocks --------------------------------------------------------------------------------------------------------

local function heading(header)
  if header.level >= base_level and number_sections and not header.classes:includes("unnumbered") then
    local depth = header.level - base_level + 1
    sections[depth] = sections[depth] + 1
    for deeper = depth + 1, #sections do sections[deeper] = 0 end
    local number = table.concat(sections, ".", 1, depth)
    if header.identifier:match("^sec%-") then register(header.identifier, number) end
    if not typst then
      header.content = pandoc.Inlines({ pandoc.Span(pandoc.Str(number), { class = "header-section-number" }), pandoc.Space() }) .. header.content
    end
  elseif header.identifier:match("^sec%-") then register(header.identifier, "") end
  if typst then header.level = math.max(1, header.level - base_level + 1) end
  return { header }
end

local render

local function callout(div, kind)
  local blocks = pandoc.Blocks(div.content)
  local title
  if div.attributes.title then
    title = pandoc.utils.blocks_to_inlines(pandoc.read(div.attributes.title, "markdown").blocks)
  elseif blocks[1] and blocks[1].t == "Header" then
    title = blocks[1].content
    blocks:remove(1)
  else
    title = pandoc.Inlines({ pandoc.Str(words["callout-" .. kind]) })
  end
  local body = render(blocks)
  local out
  if typst then
    local line, fill = callouts[kind][1], callouts[kind][2]
    out = pandoc.Blocks({ raw("#callout(title: ["), pandoc.Plain(title), raw('], background_color: rgb("' .. fill ..
      '"), icon_color: rgb("' .. line .. '"), icon: none, body_background_color: white, body: [') })
    out:extend(body)
    out:insert(raw("])"))
    return out
  end
  out = pandoc.Blocks({ raw('<div class="callout callout-' .. kind .. '" role="note" aria-label="' .. escape(text_of(title)) ..
    '">\n<div class="callout-title">'), pandoc.Plain(title), raw('</div>\n<div class="callout-body">') })
  out:extend(body)
  out:insert(raw("</div>\n</div>"))
  return out
end

local function callout_kind(div)
  for kind in pairs(callouts) do
    if div.classes:includes("callout-" .. kind) then return kind end
  end
end

-- The strip of key facts: each term and its description in one card.
local function cards(div)
  local function card(list)
    local out = pandoc.Blocks({ raw("<dl>") })
    for _, item in ipairs(list.content) do
      out:extend({ raw("<div><dt>"), pandoc.Plain(item[1]), raw("</dt>") })
      for _, description in ipairs(item[2]) do
        out:insert(raw("<dd>"))
        out:extend(description)
        out:insert(raw("</dd>"))
      end
      out:insert(raw("</div>"))
    end
    out:insert(raw("</dl>"))
    return out
  end
  return div:walk({ DefinitionList = card })
end

local function render_block(block)
  if block.t == "Header" then return heading(block) end
  if block.t == "Figure" then return figure(block) end
  if block.t == "Table" then
    if block.identifier:match("^tbl%-") then return table_float(block, block.identifier, nil, nil) end
    return plain_table(block, nil, nil)
  end
  if block.t == "BlockQuote" then block.content = render(block.content) end
  if block.t == "BulletList" or block.t == "OrderedList" then
    block.content = block.content:map(render)
  end
  if block.t == "Para" and #block.content == 1 and block.content[1].mathtype == "DisplayMath" and not typst then
    return region(words.eq, { block })
  end
  if block.t ~= "Div" then return { block } end
  local visible = conditional(block)
  if visible then return render(visible) end
  local kind = kind_of(block.identifier)
  if kind == "eq" then return equation(block) end
  if kind then return float_div(block, kind) end
  kind = callout_kind(block)
  if kind then return callout(block, kind) end
  if block.classes:includes("korthet") and not typst then return { cards(block) } end
  block.content = render(block.content)
  return { block }
end

function render(blocks)
  local out = pandoc.Blocks({})
  for _, block in ipairs(blocks) do out:extend(render_block(block)) end
  return out
end

-- What `<summary>` holds is a line of its own in a PDF, where nothing folds.
local function unfold(blocks)
  local summary = false
  return blocks:map(function(block)
    if block.t == "RawBlock" and block.text:match("<summary") then summary = true end
    if block.t ~= "Plain" or not summary then return block end
    summary = false
    return pandoc.Para({ pandoc.Strong(block.content) })
  end)
end

function Pandoc(doc)
  meta = doc.meta
  local given = meta.embedded or {}
  for key, value in pairs(given.words or {}) do words[key] = text_of(value) end
  local shared = { typst = typst, words = words, references = references, problem = problem, text_of = text_of,
    typst_string = typst_string, folder = text_of(given.folder), root = text_of(given.root),
    site_url = text_of(given["site-url"]) }
  local inlines = loadfile(pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), "inlines.lua" }))(shared)
  number_sections = meta["number-sections"] == true
  local lowest
  for _, block in ipairs(doc.blocks) do
    if block.t == "Header" then lowest = math.min(lowest or block.level, block.level) end
  end
  base_level = lowest or 2
  local body = render(typst and unfold(doc.blocks) or doc.blocks)
  doc = pandoc.Pandoc(body, doc.meta):walk({ Span = conditional })
  doc = doc:walk(inlines)
  doc.meta.embedded = nil
  return doc
end
