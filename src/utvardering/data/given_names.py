"""Common given names in Sweden, folded: what makes two capitalised words look like a person."""

from __future__ import annotations

GIVEN_NAMES = frozenset(
    """
    anna eva maria karin sara lena emma kristina kerstin marie malin jenny ingrid elin hanna linda susanne annika elisabeth
    margareta birgitta ulla inger monica monika marianne gunilla helena johanna sofia sofie ida julia amanda ebba klara clara
    maja alice alva ella wilma agnes astrid elsa vera saga stina lisa lotta carina cecilia camilla therese frida josefin
    josefine matilda mathilda moa linnea nathalie felicia isabelle sandra caroline charlotte katarina ulrika ulrica pia
    yvonne barbro britt gun siv irene anette anneli maud rut ruth gerd fatima aisha amina mariam zahra leila layla nour
    noor samira yasmin jasmine olga natalia ewa agnieszka
    lars anders mikael johan karl carl per erik jan peter thomas tomas daniel fredrik hans bengt bo mats andreas stefan
    marcus markus magnus jonas niklas nicklas martin bjorn leif ulf sven henrik david robert christer christian christoffer
    kristoffer patrik patrick joakim oskar oscar viktor victor alexander simon anton filip philip william lucas lukas elias
    emil gustav gustaf axel hugo oliver liam noah nils olle olof ola pontus rickard richard roger rolf sebastian tobias
    jesper jens jorgen kent kjell goran gunnar hakan ingemar ingvar lennart borje arne ake stig sture tommy tony conny
    kenneth krister dan albin alfred arvid edvin felix isak jakob jacob joel kevin leo linus ludvig max melvin mohamed
    mohammed muhammad ahmed ahmad ali hassan hussein omar ibrahim yusuf mustafa abdi abdullah mahmoud khaled samir amir reza
    mehmet ivan aleksandr piotr krzysztof
    """.split()  # noqa: SIM905 -- three hundred words are read more easily than a list of them
)
