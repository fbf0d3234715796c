--[[ Two things that a page says of its words.
1. The first time that a word of the glossary stands in each section it becomes a link. The words come in the metadata `glossary`:
   the page of the list, and for each word its anchor, what it means and its spellings. Headings, links, figures, tables, code and
   notes are left as they are, and so is everything that is not for a browser.
2. What a study says in its own language is marked with it where the report has another (metadata `own-words`: `lang`, `phrases`). ]]

local text_of = pandoc.utils.stringify
local lower = pandoc.text.lower
local page, seen, by_first = "", {}, {}

local function words_of(spelling)
  local words = {}
  for word in spelling:gmatch("%S+") do words[#words + 1] = lower(word) end
  return words
end

-- Spellings by their first word, the longest first.
local function read_terms(given)
  for _, term in ipairs(given.terms) do
    for _, spelling in ipairs(term.spellings) do
      local words = words_of(text_of(spelling))
      local held = by_first[words[1]] or {}
      held[#held + 1] = { words = words, anchor = text_of(term.anchor), means = text_of(term.means) }
      by_first[words[1]] = held
    end
  end
  for _, held in pairs(by_first) do
    table.sort(held, function(one, other) return #one.words > #other.words end)
  end
end

-- A token as what stands before the word, the word, and what stands after it.
local function parts(token)
  local before, word, after = token:match("^([%(%[\"']*)(.-)([%.,;:!%?%)%]\"']*)$")
  return before, word, after
end

local function is_space(inline)
  return inline and (inline.t == "Space" or inline.t == "SoftBreak")
end

-- How many inlines from `start` spell the words of `spelling`, with what stands before and after; nil where they do not.
local function spelled(inlines, start, spelling)
  local place, first, last = start, "", ""
  for number, word in ipairs(spelling.words) do
    local inline = inlines[place]
    if not inline or inline.t ~= "Str" then return nil end
    local before, core, after = parts(inline.text)
    if lower(core) ~= word then return nil end
    if number > 1 and before ~= "" then return nil end
    if number == 1 then first = before end
    if number < #spelling.words then
      if after ~= "" or not is_space(inlines[place + 1]) then return nil end
      place = place + 2
    else
      last = after
    end
  end
  return place - start + 1, first, last
end

local function found(inlines, start)
  local inline = inlines[start]
  if inline.t ~= "Str" then return nil end
  local _, word = parts(inline.text)
  for _, spelling in ipairs(by_first[lower(word)] or {}) do
    local count, before, after = spelled(inlines, start, spelling)
    if count then return spelling, count, before, after end
  end
  return nil
end

local function linked(inlines, start, spelling, count, before, after)
  local shown = pandoc.Inlines({})
  for place = start, start + count - 1 do shown:insert(inlines[place]:clone()) end
  shown[1].text = shown[1].text:sub(#before + 1)
  local last = shown[#shown]
  last.text = last.text:sub(1, #last.text - #after)
  local attributes = pandoc.Attr("", { "ord" }, { { "data-means", spelling.means } })
  return pandoc.Link(shown, page .. "#" .. spelling.anchor, "", attributes)
end

local function inlines_with_links(inlines)
  local out, place = pandoc.Inlines({}), 1
  while place <= #inlines do
    local spelling, count, before, after = found(inlines, place)
    if spelling and not seen[spelling.anchor] then
      seen[spelling.anchor] = true
      if before ~= "" then out:insert(pandoc.Str(before)) end
      out:insert(linked(inlines, place, spelling, count, before, after))
      if after ~= "" then out:insert(pandoc.Str(after)) end
      place = place + count
    else -- a word that was met before is stepped over whole, so that no shorter one is found inside it
      for step = place, place + (count or 1) - 1 do out:insert(inlines[step]) end
      place = place + (count or 1)
    end
  end
  return out
end

local function untouched(element) return element, false end

local walk

local function blocks_with_links(blocks)
  return pandoc.Blocks(blocks):walk(walk)
end

walk = {
  traverse = "topdown",
  Header = function(header)
    if header.level <= 2 then seen = {} end
    return header, false
  end,
  DefinitionList = function(list)
    for _, item in ipairs(list.content) do
      item[2] = item[2]:map(blocks_with_links)
    end
    return list, false
  end,
  Div = function(div)
    local is_float = div.identifier:match("^fig%-") or div.identifier:match("^tbl%-") or div.identifier:match("^eq%-")
    if is_float or div.identifier == "refs" or div.classes:includes("simulated-notice") then return div, false end
  end,
  Inlines = inlines_with_links,
  Figure = untouched, Table = untouched, CodeBlock = untouched, RawBlock = untouched,
  Link = untouched, Image = untouched, Cite = untouched, Note = untouched, Code = untouched, Math = untouched,
}

-- A study's own words -------------------------------------------------------------------------------------------

local phrases = {} -- by first word, the longest first

local function read_phrases(given)
  for _, phrase in ipairs(given) do
    local words = words_of(text_of(phrase))
    if #words > 0 then
      local held = phrases[words[1]] or {}
      held[#held + 1] = words
      phrases[words[1]] = held
    end
  end
  for _, held in pairs(phrases) do
    table.sort(held, function(one, other) return #one > #other end)
  end
end

-- How many inlines from `start` are this phrase, and what stands before and after it; its own punctuation belongs to it.
local function is_phrase(inlines, start, words)
  local place, first, last = start, "", ""
  for number, word in ipairs(words) do
    local inline = inlines[place]
    if not inline or inline.t ~= "Str" then return nil end
    local token = inline.text
    if number == 1 then
      first = token:match("^[%(%[\"']*")
      if lower(token):sub(1, #word) == word then first = "" end
      token = token:sub(#first + 1)
    end
    if number == #words and lower(token) ~= word then
      last = token:sub(#word + 1)
      token = last:match("^[%.,;:!%?%)%]\"']+$") and token:sub(1, #word) or token
    end
    if lower(token) ~= word then return nil end
    if number < #words then
      if not is_space(inlines[place + 1]) then return nil end
      place = place + 2
    end
  end
  return place - start + 1, first, last
end

local function first_word(text)
  return lower(text), lower(text:match("^[%(%[\"']*(.*)$")), lower((parts(text) and select(2, parts(text))) or "")
end

local function mark(inlines, lang)
  local out, place = pandoc.Inlines({}), 1
  while place <= #inlines do
    local count, before, after
    if inlines[place].t == "Str" then
      for _, word in ipairs({ first_word(inlines[place].text) }) do
        for _, words in ipairs(phrases[word] or {}) do
          count, before, after = is_phrase(inlines, place, words)
          if count then break end
        end
        if count then break end
      end
    end
    if count then
      local shown = pandoc.Inlines({})
      for step = place, place + count - 1 do shown:insert(inlines[step]:clone()) end
      shown[1].text = shown[1].text:sub(#before + 1)
      local final = shown[#shown]
      final.text = final.text:sub(1, #final.text - #after)
      if before ~= "" then out:insert(pandoc.Str(before)) end
      out:insert(pandoc.Span(shown, pandoc.Attr("", {}, { { "lang", lang } })))
      if after ~= "" then out:insert(pandoc.Str(after)) end
      place = place + count
    else
      out:insert(inlines[place])
      place = place + 1
    end
  end
  return out
end

local function own_words(doc, given)
  local lang = text_of(given.lang)
  read_phrases(given.phrases)
  local marking = {
    traverse = "topdown",
    Inlines = function(inlines) return mark(inlines, lang) end,
    Span = function(span) if span.attributes.lang then return span, false end end,
    Div = function(div) if div.attributes.lang then return div, false end end,
    Image = untouched, Code = untouched, CodeBlock = untouched, RawBlock = untouched,
  }
  doc.blocks = doc.blocks:walk(marking)
  for _, name in ipairs({ "title", "subtitle" }) do
    if doc.meta[name] then doc.meta[name] = mark(pandoc.Inlines(doc.meta[name]), lang) end
  end
end

function Pandoc(doc)
  local own = doc.meta["own-words"]
  if own then own_words(doc, own) end
  doc.meta["own-words"] = nil
  local given = doc.meta.glossary
  if not given then return doc end
  doc.meta.glossary = nil
  if FORMAT:match("html") then
    page = text_of(given.page)
    read_terms(given)
    doc.blocks = doc.blocks:walk(walk)
  end
  return doc
end
