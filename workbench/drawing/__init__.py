"""Pictures of processes: what is drawn (`chart`), where it goes (`boxes` and the layered layout below it), and how
it looks (`svg`, `mermaid`).

Theory of operation. A process is a graph of scopes within scopes, and flow stays in its scope (R18), so every scope
is laid out by itself, as a box of its size in the scope around it. A scope is laid out in layers, after Sugiyama,
Tagawa and Toda (Methods for visual understanding of hierarchical system structures, 1981):

1. `layers`: flow that leads up the file within a cycle is turned round, then every step stands below all that lead
   to it. Files are written in reading order, so that what leads up is what a reader calls going back.
2. `buses`: all flow into one step shares one line, its *bus*, which passes through the layers between by a place of
   its own in each; so nothing ever runs through a box.
3. `crossings`: the order within each layer is improved by barycentres and by exchanging neighbours.
4. `columns`: each layer in turn takes the places that its neighbours wish for, by weighted medians without changing
   the order, which is isotonic regression and exact for one layer.
5. `tracks`: between two layers each bus runs along a track of its own, in the order that crosses least.

Everything is deterministic: the same process gives the same picture.
"""
