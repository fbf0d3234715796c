--[[ The inline half of the filter: cross-references, links, images and mathematics.
Given what the filter knows of the document (`shared`), gives the functions to walk it with. ]]

local shared = ...
local typst, words, references, problem = shared.typst, shared.words, shared.references, shared.problem
local text_of, typst_string = shared.text_of, shared.typst_string
local nbsp = "\u{a0}"

local function raw_inline(text)
  return pandoc.RawInline(typst and "typst" or "html", text)
end

local function is_reference(citation)
  return citation.id:match("^%a+%-") and words[citation.id:lower():match("^(%a+)%-")] ~= nil
end

local function reference(citation)
  local kind = citation.id:lower():match("^(%a+)%-")
  local identifier = kind .. citation.id:sub(#kind + 1)
  local number = references[identifier]
  if not number then
    problem("reference", citation.id)
    return pandoc.Str("?")
  end
  local prefix = #citation.prefix > 0 and text_of(citation.prefix) or words[kind]
  if citation.mode == "SuppressAuthor" then prefix = "" end
  if typst then
    local supplement = prefix == "" and "none" or "[" .. prefix .. "]"
    return raw_inline("#ref(<" .. identifier .. ">, supplement: " .. supplement .. ")")
  end
  local shown = prefix == "" and number or prefix .. nbsp .. number
  return pandoc.Link({ pandoc.Str(shown) }, "#" .. identifier, "", { class = "quarto-xref" })
end

local function cite(element)
  local out = pandoc.Inlines({})
  for index, citation in ipairs(element.citations) do
    if not is_reference(citation) then return nil end
    if index > 1 then out:extend({ pandoc.Str(","), pandoc.Space() }) end
    out:insert(reference(citation))
  end
  return out
end

local function link(element)
  local address, anchor = element.target:match("^([^#]*)(.*)$")
  if address:match("^%a+:") or address == "" then return nil end
  local from_root = address:match("^/(.*)$")
  if address:match("%.qmd$") then address = address:gsub("%.qmd$", ".html") end
  if typst then
    if shared.site_url == "" then return element.content end
    element.target = shared.site_url .. pandoc.path.normalize(from_root or pandoc.path.join({ shared.folder, address })) .. anchor
    return element
  end
  element.target = (from_root and shared.root .. address:sub(2) or address) .. anchor
  return element
end

-- Pixels as the points that a browser makes of them; other units mean the same in both.
local function typst_length(given)
  local number, unit = (given or ""):match("^([%d.]+)(%%?%l*)$")
  if not number then return nil end
  if unit == "" or unit == "px" then return tonumber(number) * 0.75 .. "pt" end
  return number .. unit
end

local function image(element)
  local alt = element.attributes["fig-alt"] or element.attributes["alt"] or text_of(element.caption)
  if alt == "" then problem("alt", element.src) end
  element.attributes["fig-alt"] = nil
  local from_root = element.src:match("^/(.*)$")
  if from_root then element.src = shared.root .. from_root end
  if typst then
    local width = typst_length(element.attributes["width"])
    return raw_inline("#box(image(" .. typst_string(element.src) .. ", alt: " .. typst_string(alt) .. (width and ", width: " .. width or "") .. "))")
  end
  element.attributes["alt"] = alt
  element.caption = {}
  return element
end

-- Inline mathematics is read aloud as its source.
local function mathematics(element)
  if not typst then return nil end
  local body = pandoc.write(pandoc.Pandoc({ pandoc.Para({ element }) }), "typst"):gsub("%s+$", "")
  local block = element.mathtype == "DisplayMath" and "true" or "false"
  return raw_inline("#math.equation(block: " .. block .. ", alt: " .. typst_string(element.text) .. ", [" .. body .. "])")
end

return { Cite = cite, Link = link, Image = image, Math = mathematics }
