package optimize

type profile struct{}
