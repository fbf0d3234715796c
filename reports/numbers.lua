--[[ A number stays on one line: the space before its percent sign, and between its thousands, becomes a no-break space.
A date such as 2024-03-01 does too. ]]

local nbsp = "\u{a0}"

-- Whether a text ends in a number of at most three digits, which can be the first part of a larger one.
local function ends_in_digits(text)
  local digits = text:match("(%d+)$")
  return digits ~= nil and #digits <= 3
end

local function goes_on(text)
  return text:match("^%d%d%d$") or text:match("^%d%d%d[^%d]")
end

-- A date that a narrow column would break at its hyphens.
local function kept(inline)
  if FORMAT:match("html") and inline.t == "Str" and inline.text:match("^%d%d%d%d%-%d%d%-%d%d%p*$") then
    return pandoc.Span({ inline }, pandoc.Attr("", { "date" }))
  end
  return inline
end

function Inlines(inlines)
  local out = pandoc.Inlines({})
  local place = 1
  while place <= #inlines do
    local here, space, after = inlines[place], inlines[place + 1], inlines[place + 2]
    local joins = here.t == "Str" and space and after and (space.t == "Space" or space.t == "SoftBreak") and after.t == "Str"
    if joins and ((here.text:match("%d$") and after.text:match("^%%")) or (ends_in_digits(here.text) and goes_on(after.text))) then
      inlines[place + 2] = pandoc.Str(here.text .. nbsp .. after.text)
      place = place + 2
    else
      out:insert(kept(here))
      place = place + 1
    end
  end
  return out
end
