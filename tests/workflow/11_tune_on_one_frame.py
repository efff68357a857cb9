f0 = tp.locate(frames[0], diameter=11, minmass=200)
tp.annotate(f0, frames[0]) # visual check in Jupyter
